/** Draws one task in its list. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Task } from '../../server/protocol/board.ts'
import type { BoardActs, BoardScreen } from './acts.ts'

export function card(task: Task, shown: BoardScreen, acts: BoardActs): TemplateResult {
  const { id, title, assignee, done } = task
  const isPending = shown.unconfirmed.has(id)
  const classes = [
    'card',
    done && 'done',
    isPending && 'pending',
    shown.open === id && 'opened',
    shown.moving === id && 'moving',
    shown.dragged === id && 'dragged',
    shown.drop?.before === id && 'before',
  ]
  return html`<li
    class=${classes.filter(Boolean).join(' ')}
    data-task=${id}
    draggable="true"
    @dragstart=${(event: DragEvent) => {
      event.dataTransfer?.setData('text/plain', title)
      acts.drag(id)
    }}
    @dragend=${() => acts.drag(null)}
  >
    <input
      type="checkbox"
      class="tick"
      aria-label=${`Done: ${title}`}
      .checked=${done}
      @change=${({ target }: Event) =>
        target instanceof HTMLInputElement && acts.change({ type: 'task_updated', task: { id, done: target.checked } })}
    />
    <button
      type="button"
      class="task"
      aria-describedby="keys"
      aria-expanded=${shown.open === id}
      @click=${() => acts.open(shown.open === id ? null : id)}
      @keydown=${(event: KeyboardEvent) => acts.key(event, id)}
      @keyup=${(event: KeyboardEvent) => event.key === ' ' && event.preventDefault()}
    >
      <bdi class="title">${title}</bdi>
      ${assignee === '' ? nothing : html`<bdi class="who">${assignee}</bdi>`}
      ${isPending ? html`<span class="mark" title="not confirmed yet">…<span class="vh">not confirmed yet</span></span>` : nothing}
    </button>
  </li>`
}
