/** Shows the two source files of a lane's transport. Marks the line at which the lane is now. */
import { LitElement, html, nothing } from 'lit'
import type { PropertyValues, TemplateResult } from 'lit'
import type { Source, SourcePiece } from '../../server/protocol/source.ts'
import type { Lane } from '../lane/lane.ts'

export type Side = 'server' | 'browser'

export class Code extends LitElement {
  static override properties = {
    lane: { attribute: false },
    side: { attribute: false },
    tick: { attribute: false },
    source: { state: true },
    trouble: { state: true },
  }
  declare lane: Lane
  declare side: Side
  /** Counter that changes when the lane may have reached another line, so that the page draws again. */
  declare tick: number
  declare source: Source | null
  declare trouble: string

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('lane') || changed.has('side')) void this.#load(pathOf(this.lane, this.side))
  }

  protected override render(): TemplateResult {
    const { source, trouble } = this
    const path = pathOf(this.lane, this.side)
    const current = source ? currentLine(source, this.lane) : -1
    return html`<p class="dim">
        <span class="mono">${path}</span> is the file that
        runs.${this.side === 'browser' ? ' The marked line is the lane’s current state.' : ''}
      </p>
      ${trouble ? html`<p>${trouble}</p>` : nothing}
      <pre class="code">
${source?.lines.map((pieces, i) => html`<span class=${i === current ? 'line current' : 'line'}>${pieces.map(piece)}</span>`) ?? nothing}</pre>`
  }

  async #load(path: string): Promise<void> {
    this.source = null
    this.trouble = ''
    try {
      const answer = await fetch(`/source/${path}`)
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
      const source: Source = await answer.json()
      if (path === pathOf(this.lane, this.side)) this.source = source
    } catch (error) {
      this.trouble = `${path} could not be read: ${error instanceof Error ? error.message : String(error)}. Close this panel and open it again.`
    }
  }
}

function pathOf({ transport }: Lane, side: Side): string {
  return `${side === 'server' ? 'server' : 'web'}/transports/${transport}.ts`
}

function piece({ kind, text }: SourcePiece): TemplateResult | string {
  return kind === 'plain' ? text : html`<span class=${kind}>${text}</span>`
}

/**
 * Returns the index of the line for the lane's current state. A transport's code names each state on the line where the
 * state begins.
 */
function currentLine({ lines, path }: Source, { state }: Lane): number {
  if (path.startsWith('server/')) return -1
  return lines.findIndex((pieces) =>
    pieces
      .map(({ text }) => text)
      .join('')
      .includes(`is: '${state.is}'`),
  )
}

customElements.define('fw-code', Code)
