/** Signs in and goes on to where one wanted to go. */
import type { Problem } from '../server/protocol.ts'
import { remember } from './view/memory.ts'

const form = document.querySelector('form')
const trouble = document.querySelector('.trouble')

form?.addEventListener('submit', (event) => {
  event.preventDefault()
  void signIn(form)
})

async function signIn(form: HTMLFormElement): Promise<void> {
  const fields = new FormData(form)
  const [user, password] = [String(fields.get('user')), String(fields.get('password'))]
  const button = form.querySelector('button')
  button?.toggleAttribute('disabled', true)
  const problem = await post({ user, password })
  button?.toggleAttribute('disabled', false)
  if (trouble) trouble.textContent = problem ?? ''
  if (problem !== null) return
  remember('name', user)
  location.replace(wanted())
}

/** What went wrong, for people; null where nothing did. */
async function post(body: object): Promise<string | null> {
  try {
    const response = await fetch('/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      cache: 'no-store',
    })
    if (response.ok) return null
    const { detail, remedy }: Problem = await response.json()
    return `${detail} ${remedy}`
  } catch {
    return 'The server cannot be reached. Is it running? Try again.'
  }
}

/** A page of this server and of no other, whatever stands in the address. */
function wanted(): string {
  const { origin } = location
  try {
    const url = new URL(new URLSearchParams(location.search).get('next') ?? '/', origin)
    return url.origin === origin ? url.href : origin
  } catch {
    return origin
  }
}
