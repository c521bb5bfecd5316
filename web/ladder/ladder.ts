/**
 * The element that shows the ladder. The ladder rolls, stands still under the pointer, and can be paused, dragged and
 * stepped through.
 */
import { LitElement, html } from 'lit'
import type { PropertyValues, TemplateResult } from 'lit'
import { now } from '../now.ts'
import type { SessionFacts } from '../session/session.ts'
import { sheet, unit } from '../drawing/canvas.ts'
import type { Size } from '../drawing/canvas.ts'
import type { Colours } from '../drawing/colours.ts'
import type { Controls } from '../page/controls.ts'
import type { DrawerContent } from '../session/address.ts'
import { stillness } from '../page/media.ts'
import type { View } from './picture.ts'
import type { AxisOrigin } from './axis.ts'
import { exchangeOf, marksOf, nearest, pick, startOf } from './pick.ts'
import { createScene } from './scene.ts'
import type { Look, Row, LadderScene, Selection } from './scene.ts'
import { pxPerMs, spanOf } from './span.ts'
import { tell } from './tell.ts'
import { hiddenMs, timeAt, xAt } from './time.ts'
import type { Span } from './geometry.ts'

/** Interval between drawings while the picture stands still, or if the browser asks for reduced motion. */
const STEP_MS = 500
const DRAGGED_PX = 4

/**
 * After each picture, the ladder rests for so many times the time that the picture took. So a slow computer gets fewer
 * pictures per second, and its main thread stays free for the messages. A picture below 4 ms is drawn in each frame.
 */
const REST = 4
/** A magnified strip that is lower than this has no space for the delays below the marks. */
const LOW_PX = 44

export class Ladder extends LitElement {
  static override properties = {
    session: { attribute: false },
    controls: { attribute: false },
    zoom: { attribute: false },
    pausedMs: { attribute: false },
    colours: { attribute: false },
    opened: { attribute: false },
    lanes: { attribute: false },
    magnified: { attribute: false },
  }
  declare session: SessionFacts
  declare controls: Controls
  declare zoom: number
  /** Time at which the person paused the page; null while the page runs. */
  declare pausedMs: number | null
  declare colours: Colours | undefined
  /** What the drawer shows; null while the drawer is closed. */
  declare opened: DrawerContent | null
  /** The session's lanes. The page sets this member again when the list of lanes changes. */
  declare lanes: SessionFacts['lanes'] | undefined
  /**
   * Factor by which the whole picture is larger, strokes included; null for the usual size. On a projector, the same
   * part of the picture is visible on every screen, and the factor is a multiple of the root's font size.
   */
  declare magnified: number | null

  #scene: LadderScene | undefined
  #rows: readonly Row[] = []
  #unit = 1
  #size: Size = { width: 0, height: 0 }
  #frame = 0
  #drawnMs = 0
  #restsUntilMs = 0
  #width = 0
  /** Time at the right edge while the pointer holds the picture or the page is paused; null otherwise. */
  #endMs: number | null = null
  /** Time at which the picture stopped; null while the picture rolls. */
  #standsSinceMs: number | null = null
  #dragX: number | null = null
  #hasDragged = false
  #selection: Selection | null = null
  /** Mark of the exchange that the drawer shows. */
  #shown: Selection | null = null
  readonly #sizes = new ResizeObserver(() => this.#measure())

  constructor() {
    super()
    this.magnified = null
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#frame = requestAnimationFrame(this.#roll)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    cancelAnimationFrame(this.#frame)
    this.#sizes.disconnect()
  }

  protected override render(): TemplateResult {
    return html`<canvas
      tabindex="0"
      role="application"
      aria-roledescription="picture"
      aria-label="The lanes on one time axis. Left and right step through the exchanges of a lane, up and down change the lane, Enter opens one, plus and minus change the scale."
      @pointermove=${this.#point}
      @pointerleave=${this.#leave}
      @pointerdown=${this.#grab}
      @pointerup=${this.#release}
      @click=${this.#click}
      @wheel=${{ handleEvent: (event: WheelEvent) => this.#wheel(event), passive: false }}
      @keydown=${this.#key}
      @blur=${() => this.#select(null)}
    ></canvas>`
  }

  protected override firstUpdated(): void {
    this.#scene = createScene(this.session)
    this.#sizes.observe(this)
    this.#observeStrips()
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('pausedMs')) this.#endMs = this.pausedMs === null ? null : (this.#endMs ?? this.pausedMs)
    if (this.opened === null || !('exchange' in this.opened)) this.#shown = null
    this.#drawnMs = 0
    if (!changed.has('lanes') || changed.get('lanes') === undefined) return
    this.#selection = this.#shown = null
    this.#observeStrips()
    this.#measure()
  }

  /** What the picture shows now; null before there is anything to show. */
  get view(): View | null {
    if (!this.colours || this.#rows.length === 0 || this.#width === 0) return null
    const span = this.#span()
    return { ...this.#size, look: this.#look(this.colours), span, origin: this.#origin(span) }
  }

  /** Length in ms of the time span that the picture shows. */
  get shownMs(): number {
    const { fromMs, endMs } = this.#span()
    return endMs - fromMs
  }

  get #canvas(): HTMLCanvasElement | null {
    return this.querySelector('canvas')
  }

  #strips(): readonly Element[] {
    return Array.from(this.parentElement?.querySelectorAll('.strip') ?? [])
  }

  #observeStrips(): void {
    for (const strip of this.#strips()) this.#sizes.observe(strip)
  }

  #measure(): void {
    const { top } = this.getBoundingClientRect()
    const factor = this.#factor
    this.#size = { width: this.clientWidth / factor, height: this.clientHeight / factor }
    this.#rows = this.#strips().map((strip) => {
      const box = strip.getBoundingClientRect()
      return { top: (box.top - top) / factor, height: box.height / factor }
    })
    this.#unit = this.magnified === null ? unit() : 1
    this.#drawnMs = 0
  }

  readonly #roll = (): void => {
    this.#frame = requestAnimationFrame(this.#roll)
    const standing = this.#endMs !== null || stillness.matches
    const beganMs = performance.now()
    if (standing ? beganMs - this.#drawnMs < STEP_MS : beganMs < this.#restsUntilMs) return
    this.#drawnMs = beganMs
    this.#draw()
    afterPaint(() => {
      const endMs = performance.now()
      this.#restsUntilMs = endMs + Math.min(REST * (endMs - beganMs), STEP_MS)
    })
  }

  #draw(): void {
    const canvas = this.#canvas
    const drawn = canvas && sheet(canvas, this.#size, this.#factor)
    if (!drawn || !this.#scene || !this.colours || this.#rows.length === 0) return
    const look = this.#look(this.colours)
    this.#width = this.#scene.widthFor(drawn, look)
    const span = this.#span()
    const selections = [this.#selection, this.#shown].filter((one) => one !== null)
    this.#scene.draw(drawn, look, span, this.#origin(span), selections)
  }

  #look(colours: Colours): Look {
    const isNarrow = innerWidth / this.#unit < 700
    const isLow = (this.#rows[0]?.height ?? 0) < LOW_PX
    return { colours, unit: this.#unit, phone: this.magnified === null ? isNarrow : isLow, rows: this.#rows }
  }

  /** CSS pixels for each pixel of the drawing. */
  get #factor(): number {
    return (this.magnified ?? 1) * (this.magnified === null ? 1 : unit())
  }

  get #pxPerMs(): number {
    return pxPerMs(this.zoom, this.magnified !== null)
  }

  #span(): Span {
    this.#standsSinceMs = this.#endMs === null ? null : (this.#standsSinceMs ?? this.#endMs)
    return spanOf(this.session, this.#width, this.#pxPerMs, this.#endMs, this.#standsSinceMs)
  }

  #origin({ endMs }: Span): AxisOrigin {
    if (this.pausedMs !== null) return { atMs: this.pausedMs, label: 'paused' }
    return stillness.matches && this.#endMs === null ? { atMs: 0, label: 'clock' } : { atMs: endMs, label: 'now' }
  }

  readonly #point = (event: PointerEvent): void => {
    if (this.#dragX !== null) return this.#drag(event)
    if (event.pointerType === 'touch') return
    this.#endMs ??= this.#span().endMs
    const lane = this.#laneAt(event)
    const mark = lane < 0 ? null : this.#pickAt(lane, event)
    this.#select(mark && { lane, mark })
  }

  readonly #leave = (): void => {
    if (this.pausedMs === null) this.#endMs = null
    if (!this.matches(':focus-within')) this.#select(null)
    this.#drawnMs = 0
  }

  readonly #grab = (event: PointerEvent): void => {
    this.#hasDragged = false
    if (this.pausedMs === null) return
    this.#dragX = event.clientX
    this.#canvas?.setPointerCapture(event.pointerId)
  }

  readonly #release = (): void => {
    this.#dragX = null
  }

  readonly #click = (event: PointerEvent): void => {
    if (this.#hasDragged) return
    const lane = this.#laneAt(event)
    const mark = lane < 0 ? null : this.#pickAt(lane, event)
    if (mark) this.#open({ lane, mark })
  }

  #open(selection: Selection): void {
    const lane = this.#laneOf(selection.lane)
    const exchange = exchangeOf(lane, selection.mark)
    if (exchange === undefined) return
    this.#shown = selection
    this.controls.open({ exchange, transport: lane.transport })
  }

  #drag(event: PointerEvent): void {
    const px = (this.#dragX ?? event.clientX) - event.clientX
    // A hand that clicks moves the pointer a little, so a small movement is not a drag.
    if (!this.#hasDragged && Math.abs(px) < DRAGGED_PX) return
    this.#hasDragged = true
    this.#scroll(px)
    this.#dragX = event.clientX
  }

  #wheel(event: WheelEvent): void {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault()
      this.#zoomAt(event.deltaY < 0 ? 2 : 0.5, event.offsetX / this.#factor)
    } else if (this.pausedMs !== null) {
      event.preventDefault()
      this.#scroll(Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY)
    }
  }

  #scroll(px: number): void {
    const span = this.#span()
    this.#endMs = Math.min(timeAt(span, span.width + px / this.#factor), now())
    this.#drawnMs = 0
  }

  /**
   * Changes the scale. While the picture is paused, the time at `x` keeps its place; otherwise the right edge keeps its
   * time.
   */
  #zoomAt(factor: number, x: number): void {
    const atMs = timeAt(this.#span(), x)
    this.zoom = this.controls.zoomBy(factor)
    if (this.pausedMs !== null && this.#endMs !== null) {
      const span = this.#span()
      this.#endMs = Math.min(now(), timeAt(span, span.width + xAt(span, atMs) - x))
    }
    this.#drawnMs = 0
  }

  readonly #key = (event: KeyboardEvent): void => {
    const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    const across = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (event.key === '+' || event.key === '=') this.#zoomAt(2, this.#width)
    else if (event.key === '-') this.#zoomAt(0.5, this.#width)
    else if (along) this.#step(along)
    else if (across) this.#change(across)
    else if (event.key === 'Enter' && this.#selection) this.#open(this.#selection)
    else return
    event.preventDefault()
  }

  #step(by: number): void {
    const lane = this.#selection?.lane ?? 0
    const marks = marksOf(this.#laneOf(lane))
    const at = this.#selection ? marks.indexOf(this.#selection.mark) : -1
    const mark = at < 0 ? marks.at(-1) : marks[Math.min(marks.length - 1, Math.max(0, at + by))]
    if (mark) this.#go({ lane, mark })
  }

  #change(by: number): void {
    const count = this.session.lanes.length
    const lane = ((this.#selection?.lane ?? 0) + by + count) % count
    const mark = nearest(this.#laneOf(lane), this.#selection ? startOf(this.#selection.mark) : now())
    if (mark) this.#go({ lane, mark })
  }

  /** Selects a mark: pauses the picture, and scrolls it until the mark is visible. */
  #go(selection: Selection): void {
    if (this.pausedMs === null) this.controls.pause()
    const span = this.#span()
    const atMs = startOf(selection.mark)
    const middle = { ...span, endMs: atMs, hiddenMs: hiddenMs(span.folds, span.pxPerMs, atMs) }
    if (atMs < span.fromMs || atMs > span.endMs) this.#endMs = Math.min(now(), timeAt(middle, span.width * 1.5))
    this.#select(selection)
  }

  #select(selection: Selection | null): void {
    if (selection?.mark === this.#selection?.mark) return
    this.#selection = selection
    this.#drawnMs = 0
    this.controls.readOut(
      selection ? tell(this.#laneOf(selection.lane), selection.mark, this.pausedMs ?? this.#endMs ?? now()) : '',
    )
  }

  #laneOf(index: number): SessionFacts['lanes'][number] {
    const lane = this.session.lanes[index]
    if (!lane) throw new RangeError(`There is no lane ${index}`)
    return lane
  }

  #laneAt(event: PointerEvent): number {
    const y = event.offsetY / this.#factor
    return this.#rows.findIndex(({ top, height }) => y >= top && y < top + height)
  }

  #pickAt(lane: number, event: PointerEvent): Selection['mark'] | null {
    const span = this.#span()
    return pick(this.#laneOf(lane), timeAt(span, event.offsetX / this.#factor), span.pxPerMs, span.nowMs)
  }
}

const { port1, port2 } = new MessageChannel()
const waiting: (() => void)[] = []
port1.onmessage = () => waiting.splice(0).forEach((callback) => callback())

/** Calls back when the browser has painted the present frame: it handles a message only after the paint. */
function afterPaint(callback: () => void): void {
  waiting.push(callback)
  port2.postMessage(null)
}

customElements.define('fw-ladder', Ladder)
