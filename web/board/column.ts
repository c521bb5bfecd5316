/** Draws one list of a board, with the field for a new task. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { List } from '../../server/protocol/board.ts'
import type { BoardActs, Drop, BoardScreen } from './acts.ts'
import { card } from './card.ts'

/** Greatest length of a title. The server has the same limit. */
export const LONGEST_TITLE = 200

export function column(list: List, shown: BoardScreen, acts: BoardActs): TemplateResult {
  const { id, title } = list
  const tasks = shown.board.tasks.filter((task) => task.list === id)
  const isDrop = shown.drop?.list === id
  return html`<section
    class=${isDrop ? 'list drop' : 'list'}
    data-list=${id}
    aria-labelledby=${`list-${id}`}
    @dragover=${(event: DragEvent) => {
      if (shown.dragged === null) return
      event.preventDefault()
      acts.over(dropOf(event, id, shown.dragged))
    }}
    @drop=${(event: DragEvent) => {
      if (shown.dragged === null) return
      event.preventDefault()
      acts.put({ id: shown.dragged, ...dropOf(event, id, shown.dragged) })
    }}
  >
    <h2 id=${`list-${id}`}><span class="vh">${title}, ${tasks.length} tasks</span></h2>
    <div class="list-head">
      <input
        class="list-title"
        aria-label=${`Name of the list ${title}`}
        maxlength=${LONGEST_TITLE}
        .value=${title}
        @change=${({ target }: Event) => rename(list, target, acts)}
      />
      <span class="dim count" aria-hidden="true">${tasks.length}</span>
      ${step(list, 'left', acts)} ${step(list, 'right', acts)}
      ${
        tasks.length === 0
          ? html`<button
              type="button"
              class="link small"
              aria-label=${`Delete the list ${title}`}
              @click=${() => acts.change({ type: 'list_deleted', list: { id } })}
            >
              Delete
            </button>`
          : nothing
      }
    </div>
    <ul class=${isDrop && shown.drop?.before === null ? 'tasks end' : 'tasks'}>
      ${repeat(
        tasks,
        (task) => task.id,
        (task) => card(task, shown, acts),
      )}
    </ul>
    <form class="add" @submit=${(event: SubmitEvent) => add(event, id, acts)}>
      <input
        class="field"
        name="title"
        aria-label=${`New task in ${title}`}
        placeholder="Add a task"
        autocomplete="off"
        maxlength=${LONGEST_TITLE}
        @input=${() => acts.typing(true)}
        @blur=${() => acts.typing(false)}
      />
      <button class="button" aria-label=${`Add to ${title}`}>Add</button>
    </form>
  </section>`
}

/**
 * Draws an arrow button, which moves a list. On a phone the lists stand below each other, so the arrow points up or
 * down.
 */
function step({ id, title }: List, direction: 'left' | 'right', acts: BoardActs): TemplateResult {
  return html`<button
    type="button"
    class="step ${direction}"
    aria-label=${`Move the list ${title} ${direction === 'left' ? 'one place earlier' : 'one place later'}`}
    @click=${() => acts.moveList(id, direction)}
  >
    <span aria-hidden="true">${direction === 'left' ? '←' : '→'}</span>
  </button>`
}

function rename({ id, title }: List, field: EventTarget | null, acts: BoardActs): void {
  if (!(field instanceof HTMLInputElement)) return
  const typed = field.value.trim()
  if (typed === '' || typed === title) field.value = title
  else acts.change({ type: 'list_updated', list: { id, title: typed } })
}

function add(event: SubmitEvent, list: string, acts: BoardActs): void {
  event.preventDefault()
  const form = event.currentTarget
  if (!(form instanceof HTMLFormElement)) return
  const title = String(new FormData(form).get('title')).trim()
  if (title === '') return
  if (acts.change({ type: 'task_created', task: { id: acts.newId(), list, title, before: null } })) form.reset()
  acts.typing(false)
}

/**
 * Returns the position at which a dragged card would land: before the first other card whose middle is below the
 * pointer.
 */
function dropOf({ clientY, currentTarget }: DragEvent, list: string, dragged: string): Drop {
  const cards = currentTarget instanceof Element ? [...currentTarget.querySelectorAll<HTMLElement>('.card')] : []
  const next = cards.find((card) => {
    const { top, height } = card.getBoundingClientRect()
    return card.dataset['task'] !== dragged && clientY < top + height / 2
  })
  return { list, before: next?.dataset['task'] ?? null }
}
