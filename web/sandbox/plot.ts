/** Plots the delay of every message of the last two minutes on every lane. */
import { LitElement, html } from 'lit'
import type { PropertyValues, TemplateResult } from 'lit'
import uPlot from 'uplot'
import { now } from '../now.ts'
import { firstAtOrAfter } from '../lane/search.ts'
import { quantileOf } from '../session/delays.ts'
import { TRANSPORTS } from '../lane/order.ts'
import type { SessionFacts } from '../session/session.ts'
import { unit } from '../drawing/canvas.ts'
import type { Colours } from '../drawing/colours.ts'
import { hatch } from '../ladder/hatch.ts'
import { addShape } from '../drawing/shape-path.ts'
import { spread } from './spread.ts'

const SPAN_S = 120
/** Lower end of the axis, which goes from 0.1 ms to 10 s. The plot draws a shorter delay on the lower edge. */
const LOWEST_MS = 0.1
const HIGHEST_MS = 10_000
const DECADES = [0.1, 1, 10, 100, 1000, 10_000]
const NAMES = ['0.1 ms', '1', '10', '100', '1 s', '10 s']
const DOT = 2.6
/** Distance between the plot's edge and the shape of a lane's median. */
const LEADER = 15

export class Plot extends LitElement {
  static override properties = {
    session: { attribute: false },
    colours: { attribute: false },
    tick: { attribute: false },
    pausedMs: { attribute: false },
    shownMs: { attribute: false },
  }
  declare session: SessionFacts
  declare colours: Colours | undefined
  /**
   * Counter that makes the plot draw again when the counter changes. The counter is 0 until the rest of the page is
   * drawn.
   */
  declare tick: number
  declare pausedMs: number | null
  /** Length of the time before the present that the ladder shows. */
  declare shownMs: number
  #plot: uPlot | undefined
  /**
   * For each lane, a list with one value for each message in the plot. The value is true if the lane's figures exclude
   * the message.
   */
  #keptOut: readonly (readonly boolean[])[] = []
  readonly #size = new ResizeObserver(() => this.#fit())

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override render(): TemplateResult {
    return html`<div
      class="canvas"
      role="img"
      aria-label="Delay of every message on each lane over two minutes, on a log scale. The Table button shows the same data as figures."
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
    // uPlot reads fonts and colours only at its start, so the page creates a new plot for a new theme.
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

  /**
   * Returns a list of times, in seconds before the present, and for each lane a list of delays. A delay is null if the
   * lane has not brought the message.
   */
  #data(): uPlot.AlignedData {
    const { messages, offsetMs } = this.session
    const endMs = (this.pausedMs ?? now()) + (offsetMs ?? 0)
    const { all } = messages
    const at = (ms: number): number => firstAtOrAfter(all, ms, ({ event }) => event.at)
    const shown = offsetMs === null ? [] : all.slice(at(endMs - SPAN_S * 1000), at(endMs))
    const lanes = TRANSPORTS.map((name) => this.session.lanes.find((lane) => lane.name === name))
    const delays = lanes.map((lane, i) =>
      shown.map(({ delayMs }) => (!lane || delayMs[i] === undefined ? null : Math.max(LOWEST_MS, delayMs[i]))),
    )
    this.#keptOut = lanes.map((lane) => shown.map((message) => lane?.isKeptOut(message) ?? false))
    return [shown.map(({ event }) => (event.at - endMs) / 1000), ...delays]
  }

  #options(colours: Colours): Omit<uPlot.Options, 'width' | 'height'> {
    const rem = unit()
    const axis = { font: `${12 * rem}px ${colours.font}`, stroke: colours.ink2, border: { show: false } }
    return {
      legend: { show: false },
      cursor: { show: false },
      padding: [6 * rem, 32 * rem, 0, 0],
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

  /**
   * Draws the ladder's bands in the plot, each with a ribbon above it. A band has a name if there is room for the name.
   */
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
      pen.fillStyle = pen.strokeStyle = colours.lanes[name]
      pen.lineWidth = scale
      // A hollow shape shows a message that the figures exclude, because the page was late for it.
      for (const isHollow of [false, true]) {
        pen.beginPath()
        for (const [j, ms] of (delays[i] ?? []).entries()) {
          const at = seconds[j]
          if (ms === null || ms === undefined || at === undefined) continue
          if ((this.#keptOut[i]?.[j] ?? false) !== isHollow) continue
          addShape(pen, name, plot.valToPos(at, 'x', true), plot.valToPos(ms, 'y', true), DOT * rem * scale)
        }
        if (isHollow) pen.stroke()
        else pen.fill()
      }
    }
    pen.restore()
    this.#drawMedians(plot, colours, rem * scale)
    this.#drawShown(plot, colours, scale)
  }

  /**
   * Draws each lane's shape beside the lane's p50, and a line between the shape and the p50. Shapes that would cover
   * each other are moved apart.
   */
  #drawMedians(plot: uPlot, colours: Colours, size: number): void {
    const { ctx: pen, bbox } = plot
    const [right, bottom] = [bbox.left + bbox.width, bbox.top + bbox.height]
    const inside = (ms: number): number => Math.min(HIGHEST_MS, Math.max(LOWEST_MS, ms))
    const medians = this.session.lanes.flatMap((lane) => {
      const p50 = lane.on ? quantileOf(this.session, lane, 0.5) : null
      return p50 ? [{ name: lane.transport, y: plot.valToPos(inside(p50.ms), 'y', true) }] : []
    })
    const places = spread(
      medians.map(({ y }) => y),
      12 * size,
      bbox.top + 4 * size,
      bottom - 4 * size,
    )
    for (const [i, { name, y }] of medians.entries()) {
      const at = places[i] ?? y
      pen.beginPath()
      pen.moveTo(right - 3 * size, y)
      pen.lineTo(right + 3 * size, y)
      pen.lineTo(right + LEADER * size, at)
      pen.lineWidth = 1.25 * size
      pen.strokeStyle = colours.lanes[name]
      pen.stroke()
      pen.beginPath()
      addShape(pen, name, right + (LEADER + 5) * size, at, 5 * size)
      pen.fillStyle = colours.lanes[name]
      pen.fill()
    }
  }

  /** Draws the time axis. The part that the ladder shows is thick. */
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
