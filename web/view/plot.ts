/** The delay of every message on every lane over the last two minutes. */
import { LitElement, html } from 'lit'
import type { PropertyValues, TemplateResult } from 'lit'
import uPlot from 'uplot'
import { now } from '../now.ts'
import { firstAtOrAfter } from '../state/search.ts'
import { TRANSPORTS } from '../state/order.ts'
import type { Session } from '../state/session.ts'
import { unit } from './canvas.ts'
import type { Colours } from './colours.ts'
import { hatch } from './ladder/hatch.ts'
import { addShape } from './shape-path.ts'

const SPAN_S = 120
/** 0.1 ms to 10 s; what came sooner lies on the lower edge. */
const LOWEST_MS = 0.1
const HIGHEST_MS = 10_000
const DECADES = [0.1, 1, 10, 100, 1000, 10_000]
const NAMES = ['0.1 ms', '1', '10', '100', '1 s', '10 s']
const DOT = 2.6

export class Plot extends LitElement {
  static override properties = {
    session: { attribute: false },
    colours: { attribute: false },
    tick: { attribute: false },
    pausedMs: { attribute: false },
    shownMs: { attribute: false },
  }
  declare session: Session
  declare colours: Colours | undefined
  /** Changes when it is to be drawn again; 0 while the rest of the page comes first. */
  declare tick: number
  declare pausedMs: number | null
  /** How much of the time before "now" the ladder shows. */
  declare shownMs: number
  #plot: uPlot | undefined
  readonly #size = new ResizeObserver(() => this.#fit())

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override render(): TemplateResult {
    return html`<div
      class="canvas"
      role="img"
      aria-label="Delay of every message on each lane over two minutes, on a log scale. Table shows the same as figures."
    ></div>`
  }

  protected override firstUpdated(): void {
    this.#size.observe(this)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#size.disconnect()
    this.#forget()
  }

  protected override updated(changed: PropertyValues<this>): void {
    // uPlot takes fonts and colours once.
    if (changed.has('colours')) this.#forget()
    if (this.tick > 0) this.#fill()
  }

  #forget(): void {
    this.#plot?.destroy()
    this.#plot = undefined
  }

  #fit(): void {
    const { clientWidth: width, clientHeight: height } = this
    if (width === 0 || height === 0) return this.#forget()
    if (this.#plot) this.#plot.setSize({ width, height })
    else if (this.tick > 0) this.#fill()
  }

  #fill(): void {
    const { clientWidth: width, clientHeight: height, colours } = this
    const box = this.querySelector<HTMLElement>('.canvas')
    if (!colours || !box || width === 0 || height === 0) return
    const data = this.#data()
    if (this.#plot) this.#plot.setData(data)
    else this.#plot = new uPlot({ ...this.#options(colours), width, height }, data, box)
  }

  /** Seconds before "now", and the delay of each lane; null where a lane has not brought it. */
  #data(): uPlot.AlignedData {
    const { messages, offsetMs } = this.session
    const endMs = (this.pausedMs ?? now()) + (offsetMs ?? 0)
    const { all } = messages
    const at = (ms: number): number => firstAtOrAfter(all, ms, ({ event }) => event.at)
    const shown = offsetMs === null ? [] : all.slice(at(endMs - SPAN_S * 1000), at(endMs))
    const delays = TRANSPORTS.map((_, lane) =>
      shown.map(({ delayMs }) => (delayMs[lane] === undefined ? null : Math.max(LOWEST_MS, delayMs[lane]))),
    )
    return [shown.map(({ event }) => (event.at - endMs) / 1000), ...delays]
  }

  #options(colours: Colours): Omit<uPlot.Options, 'width' | 'height'> {
    const rem = unit()
    const axis = { font: `${12 * rem}px ${colours.font}`, stroke: colours.ink2, border: { show: false } }
    return {
      legend: { show: false },
      cursor: { show: false },
      padding: [6 * rem, 30 * rem, 0, 0],
      scales: { x: { time: false, range: [-SPAN_S, 0] }, y: { distr: 3, range: [LOWEST_MS, HIGHEST_MS] } },
      series: [{}, ...TRANSPORTS.map(() => ({ paths: () => null, points: { show: false } }))],
      axes: [
        {
          ...axis,
          size: 18 * rem,
          gap: 1,
          grid: { show: false },
          ticks: { stroke: colours.edge, width: 1, size: 3 },
          splits: () => [-120, -100, -80, -60, -40, -20, 0],
          values: (_, splits) =>
            splits.map((s) => (s === 0 ? (this.pausedMs === null ? 'now' : 'paused') : `−${-s} s`)),
        },
        {
          ...axis,
          size: 46 * rem,
          gap: 6,
          grid: { stroke: colours.line, width: 1 },
          ticks: { show: false },
          splits: () => DECADES,
          filter: (_, splits) => splits,
          values: () => NAMES,
        },
      ],
      hooks: {
        drawClear: [(plot) => this.#drawBands(plot, colours, rem)],
        draw: [(plot) => this.#draw(plot, colours, rem)],
      },
    }
  }

  /** The same bands as in the ladder, with their ribbon above and, where there is room, their name. */
  #drawBands({ ctx: pen, bbox }: uPlot, colours: Colours, rem: number): void {
    const endMs = this.pausedMs ?? now()
    const ribbon = 5 * rem * devicePixelRatio
    const x = (ms: number): number => bbox.left + bbox.width * (1 - (endMs - ms) / 1000 / SPAN_S)
    pen.font = `${12 * rem * devicePixelRatio}px ${colours.font}`
    pen.textAlign = 'left'
    pen.textBaseline = 'top'
    for (const { fromMs, toMs, name } of this.session.bands) {
      const left = Math.max(bbox.left, x(fromMs))
      const right = Math.min(bbox.left + bbox.width, x(toMs ?? endMs))
      if (right <= left) continue
      pen.fillStyle = colours.fill
      pen.fillRect(left, bbox.top, right - left, bbox.height)
      pen.fillStyle = hatch(pen, colours.edge)
      pen.fillRect(left, bbox.top - ribbon, right - left, ribbon)
      pen.fillStyle = colours.ink2
      if (pen.measureText(name).width + 2 * ribbon <= right - left)
        pen.fillText(name, left + ribbon, bbox.top + ribbon / 2)
    }
  }

  #draw(plot: uPlot, colours: Colours, rem: number): void {
    const { ctx: pen, bbox } = plot
    const scale = devicePixelRatio
    pen.save()
    pen.beginPath()
    pen.rect(bbox.left, bbox.top - 4 * scale, bbox.width + 4 * scale, bbox.height + 8 * scale)
    pen.clip()
    const [seconds = [], ...delays] = plot.data
    for (const [i, name] of TRANSPORTS.entries()) {
      pen.beginPath()
      for (const [j, ms] of (delays[i] ?? []).entries()) {
        const at = seconds[j]
        if (ms !== null && ms !== undefined && at !== undefined)
          addShape(pen, name, plot.valToPos(at, 'x', true), plot.valToPos(ms, 'y', true), DOT * rem * scale)
      }
      pen.fillStyle = colours.lanes[name]
      pen.fill()
    }
    pen.restore()
    this.#drawMedians(plot, colours, rem * scale)
    this.#drawShown(plot, colours, scale)
  }

  /** Each lane's shape at its p50, moved apart where they would cover each other. */
  #drawMedians(plot: uPlot, colours: Colours, size: number): void {
    const { ctx: pen, bbox } = plot
    const medians = this.session.lanes.flatMap((lane) => {
      const p50 = lane.on ? lane.latencies.quantile(0.5) : null
      return p50 ? [{ name: lane.transport, y: plot.valToPos(Math.max(LOWEST_MS, p50.ms), 'y', true) }] : []
    })
    let lowest = bbox.top + bbox.height - 4 * size
    for (const { name, y } of medians.sort((a, b) => b.y - a.y)) {
      const at = Math.min(y, lowest)
      pen.beginPath()
      addShape(pen, name, bbox.left + bbox.width + 14 * size, at, 5 * size)
      pen.fillStyle = colours.lanes[name]
      pen.fill()
      lowest = at - 12 * size
    }
  }

  /** The axis, and the thick piece of it that is the ladder's. */
  #drawShown(plot: uPlot, colours: Colours, scale: number): void {
    const { ctx: pen, bbox } = plot
    const y = Math.round(bbox.top + bbox.height)
    const right = bbox.left + bbox.width
    pen.fillStyle = colours.edge
    pen.fillRect(bbox.left, y - scale / 2, bbox.width, scale)
    pen.fillStyle = colours.ink
    const width = (Math.min(1, this.shownMs / 1000 / SPAN_S) || 0) * bbox.width
    pen.fillRect(right - width, y - scale, width, 2 * scale)
  }
}

customElements.define('fw-plot', Plot)
