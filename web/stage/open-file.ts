/** Gets the file of a saved class: from an address of this server, or from the person, who chooses or drops it. */
import { html, render } from 'lit'
import type { ShowSession } from '../../server/protocol/show.ts'
import { readSession } from '../show/replay.ts'

/** The session of a class of 500 seats is smaller. */
const MOST_BYTES = 64 * 1024 * 1024

/**
 * Calls `opened` once with the saved class. `address`: address of the file on this server; if it is empty or leads to no
 * such file, the page asks for a file. After this, the page needs no server.
 */
export function sessionFile(address: string, opened: (session: ShowSession) => void): void {
  const place = document.body.appendChild(document.createElement('main'))
  place.className = 'stage waiting choosing'
  const stop = new AbortController()
  const { signal } = stop
  addEventListener('dragover', (event) => event.preventDefault(), { signal })
  addEventListener('drop', (event) => void dropped(event), { signal })
  ask('')
  if (address !== '') void load()

  function ask(trouble: string): void {
    const choose = ({ target }: Event): void => {
      const [file] = target instanceof HTMLInputElement ? (target.files ?? []) : []
      if (file) void read(file)
    }
    render(
      html`<h1 class="large">Play a saved class</h1>
        <p><label for="file">Choose the file of the session, or drop it here.</label></p>
        <p><input id="file" type="file" accept=".json,application/json" @change=${choose} /></p>
        <p role="alert">${trouble}</p>`,
      place,
    )
  }

  async function load(): Promise<void> {
    const url = new URL(address, location.href)
    if (url.origin !== location.origin)
      return ask('This page does not load a file from another server. Choose a file on this computer.')
    try {
      const response = await fetch(url, { cache: 'no-store' })
      if (!response.ok)
        return ask(
          `This server does not give you the file “${address}” (${response.status}). Choose a file on this computer.`,
        )
      play(await response.text(), address)
    } catch {
      ask(`The server does not answer, so “${address}” was not loaded. Choose a file on this computer.`)
    }
  }

  async function dropped(event: DragEvent): Promise<void> {
    event.preventDefault()
    const [file] = event.dataTransfer?.files ?? []
    if (file) await read(file)
  }

  async function read(file: File): Promise<void> {
    if (file.size > MOST_BYTES) return ask(`“${file.name}” is too large to be the session of a class.`)
    try {
      play(await file.text(), file.name)
    } catch {
      ask(`The browser cannot read “${file.name}”.`)
    }
  }

  function play(text: string, name: string): void {
    try {
      const session = readSession(text, name)
      stop.abort()
      place.remove()
      opened(session)
    } catch (error) {
      ask(error instanceof Error ? error.message : String(error))
    }
  }
}
