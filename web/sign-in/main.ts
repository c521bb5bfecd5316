/** Signs a person in. Then opens the page that the person wanted to see. */
import type { Problem } from '../../server/protocol/feed.ts'
import type { SessionAnswer } from '../../server/protocol/people.ts'
import { claimLink } from '../lab/instructor.ts'
import { remember } from '../page/memory.ts'
import { started } from '../page/started.ts'

const form = document.querySelector('form')
const passwordLabel = document.querySelector('.password')
const trouble = document.querySelector('.trouble')

await begin()

form?.addEventListener('submit', (event) => {
  event.preventDefault()
  void signIn(form)
})
started()

/**
 * Starts the page. A person who opens the instructor's link needs no form. In a class with a roster, each person signs
 * in with a code instead of the password.
 */
async function begin(): Promise<void> {
  const problem = await claimLink()
  if (trouble && problem !== null) trouble.textContent = problem
  try {
    const response = await fetch('/session', { cache: 'no-store' })
    // `started` shows the reason in the bar across the page.
    if (!response.ok) return
    const { instructor, user, roster }: SessionAnswer = await response.json()
    if (instructor || user !== null) return location.replace(wanted())
    if (roster && passwordLabel) passwordLabel.textContent = 'Your code'
  } catch {
    if (trouble) trouble.textContent = 'The server does not answer. Is it running?'
  }
}

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

/** Sends the form. Returns a sentence if the sign-in failed, otherwise null. */
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

/**
 * Returns the address to open after the sign-in. If the wanted address has another origin, returns the start page of
 * this server.
 */
function wanted(): string {
  const { origin } = location
  try {
    const url = new URL(new URLSearchParams(location.search).get('next') ?? '/', origin)
    return url.origin === origin ? url.href : origin
  } catch {
    return origin
  }
}
