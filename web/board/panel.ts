/** Draws the panel of the open task. The panel offers every action, so nobody needs a mouse or dragging. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Board, Task } from '../../server/protocol/board.ts'
import { shift, spot } from './moving.ts'
import type { Direction } from './moving.ts'
import type { BoardActs } from './acts.ts'
import { LONGEST_TITLE } from './column.ts'

const LONGEST_NAME = 40

export interface PanelParts {
  readonly board: Board
  readonly task: Task | undefined
  readonly isPending: boolean
  /** `me`: name of the person at the screen. `names`: names of all people to whom a task can be assigned. */
  readonly me: string
  readonly names: readonly string[]
  readonly link: string
}

export function panel({ board, task, isPending, me, names, link }: PanelParts, acts: BoardActs): TemplateResult {
  const close = html`<button type="button" class="button" @click=${() => acts.open(null)}>Close</button>`
  if (!task)
    return html`<aside class="panel" aria-label="Task">
      <p>There is no such task on this board. Somebody may have deleted it.</p>
      <p class="acts">${close}</p>
    </aside>`
  const { id, title, assignee, done, list } = task
  const set = (change: Partial<Task>): boolean => acts.change({ type: 'task_updated', task: { id, ...change } })
  return html`<aside class="panel" aria-label=${`Task: ${title}`}>
    <div>
      <label class="label" for="task-title">Task</label>
      <textarea
        id="task-title"
        class="field"
        name="title"
        rows="3"
        maxlength=${LONGEST_TITLE}
        .value=${title}
        @input=${() => acts.typing(true)}
        @blur=${() => acts.typing(false)}
        @change=${({ target }: Event) => {
          if (!(target instanceof HTMLTextAreaElement)) return
          const typed = target.value.trim()
          if (typed === '' || typed === title) target.value = title
          else set({ title: typed })
        }}
      ></textarea>
    </div>
    <div>
      <label class="label" for="task-assignee">Assigned to</label>
      <span class="control">
        <input
          id="task-assignee"
          class="field"
          name="assignee"
          list="names"
          placeholder="nobody"
          autocomplete="off"
          maxlength=${LONGEST_NAME}
          .value=${assignee}
          @change=${({ target }: Event) => target instanceof HTMLInputElement && set({ assignee: target.value.trim() })}
        />
        ${assignee === me ? nothing : html`<button type="button" class="button" @click=${() => set({ assignee: me })}>Assign to me</button>`}
      </span>
      <datalist id="names">${names.map((name) => html`<option value=${name}></option>`)}</datalist>
    </div>
    <div>
      <label class="label" for="task-list">List</label>
      <select
        id="task-list"
        class="select"
        name="list"
        .value=${list}
        @change=${({ target }: Event) => target instanceof HTMLSelectElement && set({ list: target.value })}
      >
        ${board.lists.map((one) => html`<option value=${one.id} ?selected=${one.id === list}>${one.title}</option>`)}
      </select>
    </div>
    <p class="control">
      ${step('up', 'Up')} ${step('down', 'Down')} ${step('left', 'Previous list')} ${step('right', 'Next list')}
      <span class="small dim">${spot(board, id)}</span>
    </p>
    <p class="acts">
      <button type="button" class="button stays" aria-pressed=${done} @click=${() => set({ done: !done })}>Done</button>
      <button
        type="button"
        class="button"
        @click=${() => acts.change({ type: 'task_deleted', task: { id } }) && acts.open(null)}
      >
        Delete
      </button>
      ${close}
    </p>
    <p class="small dim"><a href=${link}>Link to this task</a>${isPending ? html` · not confirmed yet` : nothing}</p>
  </aside>`

  function step(direction: Direction, label: string): TemplateResult {
    const change = shift(board, id, direction)
    return html`<button
      type="button"
      class="button"
      ?disabled=${change === null}
      @click=${() => change && acts.put(change)}
    >
      ${label}
    </button>`
  }
}
