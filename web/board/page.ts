/** The task board's page. This class joins the parts of the page, and holds the state of the screen. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Board, Change, TaskChange } from '../../server/protocol/board.ts'
import type { Person, TransportName } from '../../server/protocol/feed.ts'
import { roomOf, writeBoardAddress } from './address.ts'
import type { BoardAddress } from './address.ts'
import { apply } from './apply.ts'
import { shift, shiftList, spot } from './moving.ts'
import type { Direction } from './moving.ts'
import type { BoardSession } from './session.ts'
import { newKey } from '../lane/send.ts'
import { remember } from '../page/memory.ts'
import type { BoardActs, Drop, BoardScreen } from './acts.ts'
import { column } from './column.ts'
import { panel } from './panel.ts'
import { people, top } from './top.ts'
import { trouble } from './trouble.ts'
import { wire } from './wire.ts'

const SAID_MS = 9000
const ID_BYTES = 8
/** Interval at which the page reports again that the person types. The server removes the report after 5 s. */
const TYPING_EVERY_MS = 2000

const DIRECTIONS: Partial<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
}

/** Returns the CSS selector of a task's button. */
const taskOf = (id: string | null | undefined): string => (id ? `[data-task="${CSS.escape(id)}"] .task` : '')

export class BoardPage extends LitElement implements BoardActs {
  static override properties = {
    session: { attribute: false },
    address: { attribute: false },
    isSignedIn: { attribute: false },
    said: { state: true },
    moving: { state: true },
    dragged: { state: true },
    drop: { state: true },
  }
  declare session: BoardSession
  declare address: BoardAddress
  declare said: string
  /** True if the person signed in. A person who signed in cannot change the name on this page. */
  declare isSignedIn: boolean
  /** Task that the person picked up by keyboard, and the position at which the task would land. */
  declare moving: TaskChange | null
  declare dragged: string | null
  declare drop: Drop | null
  #saidTimer: ReturnType<typeof setTimeout> | undefined
  #typedAtMs = -Infinity
  /** CSS selector of the element that gets the focus after the next drawing; empty if no element gets the focus. */
  #focus = ''
  readonly #stop = new AbortController()

  constructor() {
    super()
    this.said = ''
    this.isSignedIn = false
    this.moving = this.dragged = this.drop = null
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    const { signal } = this.#stop
    addEventListener('keydown', this.#press, { signal })
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop.abort()
    clearTimeout(this.#saidTimer)
  }

  say(sentence: string): void {
    this.said = sentence
    clearTimeout(this.#saidTimer)
    this.#saidTimer = setTimeout(() => (this.said = ''), SAID_MS)
  }

  change(change: Change): boolean {
    return this.session.change(change)
  }

  newId(): string {
    return newKey(ID_BYTES)
  }

  open(task: string | null): void {
    const was = this.address.task
    this.address = { ...this.address, task }
    history.replaceState(null, '', writeBoardAddress(this.address))
    this.#focus = task === null ? taskOf(was) : '.panel :is(textarea, button)'
    this.requestUpdate()
  }

  typing(on: boolean): void {
    if (on && performance.now() - this.#typedAtMs < TYPING_EVERY_MS) return
    this.#typedAtMs = on ? performance.now() : -Infinity
    this.session.typing(on)
  }

  drag(task: string | null): void {
    this.dragged = task
    this.drop = null
  }

  over(drop: Drop | null): void {
    if (drop?.list !== this.drop?.list || drop?.before !== this.drop?.before) this.drop = drop
  }

  put(task: TaskChange): void {
    this.drag(null)
    if (this.change({ type: 'task_updated', task })) this.say(`Moved: ${this.#where(task.id)}.`)
  }

  moveList(id: string, direction: 'left' | 'right'): void {
    const { board } = this.session
    const moved = board && shiftList(board, id, direction)
    if (!moved) return this.say('The list cannot be moved further in this direction.')
    if (!this.change({ type: 'list_updated', list: moved })) return
    const { lists } = apply(board, { type: 'list_updated', list: moved })
    const at = lists.findIndex((list) => list.id === id)
    // A list at an edge has only one arrow button, so the focus moves to that button.
    const on = at === 0 ? 'right' : at === lists.length - 1 ? 'left' : direction
    this.#focus = `[data-list="${CSS.escape(id)}"] .step.${on}`
    this.say(`Moved: ${lists[at]?.title ?? ''} is list ${at + 1} of ${lists.length}.`)
  }

  /** Handles keys: Space picks a task up and puts it down, the arrow keys move it, and Escape puts it back. */
  key(event: KeyboardEvent, id: string): void {
    const { key } = event
    const isMoving = this.moving?.id === id
    const direction = DIRECTIONS[key]
    if (key === 'Escape' && isMoving) this.#putBack()
    else if (isMoving && (key === ' ' || key === 'Enter')) this.#putDown()
    else if (key === ' ') this.#pickUp(id)
    else if (direction && isMoving) this.#shift(id, direction)
    else if (key === 'Delete' && !isMoving) this.#delete(id)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  protected override render(): TemplateResult {
    const { session } = this
    return html`
      ${trouble(session)}
      ${top(session, this.isSignedIn, {
        go: (board) => this.#go(board),
        rename: (name) => this.#rename(name),
        undo: () => session.undo(),
        redo: () => session.redo(),
      })}
      <section class="about" aria-label="People and connection">
        ${people(session)} ${wire(session.line, session.unreachable === '', this.address.by, (only) => this.#use(only))}
        <p class="said" role="status">${this.said}</p>
      </section>
      ${session.board ? this.#board(session.board) : html`<main class="lists" aria-busy="true"><p class="empty">Fetching the board.</p></main>`}
    `
  }

  protected override updated(): void {
    const wanted = this.#focus
    this.#focus = ''
    if (wanted !== '') this.querySelector<HTMLElement>(wanted)?.focus()
  }

  #board(board: Board): TemplateResult {
    const { session, moving } = this
    const shown: BoardScreen = {
      board: moving ? apply(board, { type: 'task_updated', task: moving }) : board,
      unconfirmed: session.unconfirmed,
      open: this.address.task,
      moving: moving?.id ?? null,
      dragged: this.dragged,
      drop: this.drop,
    }
    return html`<main class="lists">
        <p id="keys" class="vh">
          Enter opens the task. Space picks it up; then the arrow keys move it, Space puts it down, and Escape puts it
          back. Delete deletes the task.
        </p>
        ${
          board.tasks.length === 0
            ? html`<p class="empty">
                This board is empty. Add a task to one of its lists. Everybody who opens this address sees the task at
                once, and can change it.
              </p>`
            : nothing
        }
        ${repeat(
          shown.board.lists,
          (list) => list.id,
          (list) => column(list, shown, this),
        )}
        <form class="add new-list" @submit=${this.#addList}>
          <input
            class="field"
            name="title"
            aria-label="New list"
            placeholder="Add a list"
            autocomplete="off"
            maxlength="200"
          />
          <button class="button">Add list</button>
        </form>
      </main>
      ${this.address.task === null ? nothing : this.#panel(board, this.address.task)}`
  }

  #panel(board: Board, id: string): TemplateResult {
    const { person, presence, unconfirmed } = this.session
    const assigned = board.tasks.map(({ assignee }) => assignee)
    const names = new Set([person.name, ...(presence?.here ?? []).map(({ name }) => name), ...assigned])
    names.delete('')
    const parts = {
      board,
      task: board.tasks.find((task) => task.id === id),
      isPending: unconfirmed.has(id),
      me: person.name,
      names: [...names],
      link: writeBoardAddress({ ...this.address, by: null }),
    }
    return panel(parts, this)
  }

  #pickUp(id: string): void {
    const task = this.session.board?.tasks.find((one) => one.id === id)
    const board = this.session.board
    if (!task || !board) return
    const inList = board.tasks.filter(({ list }) => list === task.list)
    this.moving = { id, list: task.list, before: inList[inList.indexOf(task) + 1]?.id ?? null }
    this.say(
      `Picked up “${task.title}”, ${spot(board, id)}. Arrow keys move it, Space puts it down, Escape puts it back.`,
    )
  }

  #shift(id: string, direction: Direction): void {
    const { board } = this.session
    if (!board || !this.moving) return
    const moved = shift(apply(board, { type: 'task_updated', task: this.moving }), id, direction)
    if (!moved) return this.say(`The task cannot be moved further in this direction: ${this.#where(id)}.`)
    this.moving = moved
    this.#focus = taskOf(id)
    this.say(`${this.#where(id)}.`)
  }

  #putDown(): void {
    const { moving } = this
    if (!moving) return
    this.moving = null
    this.#focus = taskOf(moving.id)
    const was = this.session.board?.tasks.find(({ id }) => id === moving.id)
    if (!was) return this.say('Somebody has deleted this task.')
    this.put(moving)
  }

  #putBack(): void {
    this.#focus = taskOf(this.moving?.id)
    this.moving = null
    this.say('The task is back at its old place.')
  }

  #where(id: string): string {
    const { board } = this.session
    if (!board) return ''
    return spot(this.moving ? apply(board, { type: 'task_updated', task: this.moving }) : board, id)
  }

  #delete(id: string): void {
    const next = this.querySelector<HTMLElement>(`[data-task="${CSS.escape(id)}"] + .card`)?.dataset['task']
    if (!this.change({ type: 'task_deleted', task: { id } })) return
    this.#focus = taskOf(next)
    this.say('The task is deleted. Undo brings it back.')
  }

  readonly #addList = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = event.currentTarget
    if (!(form instanceof HTMLFormElement)) return
    const title = String(new FormData(form).get('title')).trim()
    if (title !== '' && this.change({ type: 'list_created', list: { id: this.newId(), title } })) form.reset()
  }

  readonly #press = (event: KeyboardEvent): void => {
    const { target, ctrlKey, metaKey, shiftKey } = event
    const key = event.key.toLowerCase()
    const isTyping =
      target instanceof Element && target.closest('input:not([type=checkbox]), textarea, select') !== null
    if ((key === 'z' || key === 'y') && (ctrlKey || metaKey) && !isTyping) {
      event.preventDefault()
      if (key === 'y' || shiftKey) this.session.redo()
      else this.session.undo()
    } else if (key === 'escape' && this.address.task !== null) this.open(null)
  }

  #use(only: TransportName | null): void {
    this.address = { ...this.address, by: only }
    history.replaceState(null, '', writeBoardAddress(this.address))
    this.session.use(only)
  }

  #rename(name: Person['name']): void {
    if (name === '') return this.requestUpdate()
    remember('name', name)
    this.session.rename(name)
    this.requestUpdate()
  }

  #go(typed: string): void {
    const room = roomOf(typed)
    if (room !== null) location.assign(writeBoardAddress({ room, task: null, by: this.address.by }))
  }
}

customElements.define('fw-board', BoardPage)
