/** Signs a person in, and then opens the page that the person wanted. */
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
 * Starts the page. The instructor's link needs no form. In a class with a roster, each person has a code instead of
 * the password.
 */
async function begin(): Promise<void> {
  const problem = await claimLink()
  if (trouble && problem !== null) trouble.textContent = problem
  try {
    const response = await fetch('/session', { cache: 'no-store' })
    // The bar across the page, which `started` draws, shows the reason.
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

/** Sends the form. Returns a sentence about the failure; null if the sign-in succeeded. */
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

/** Address to open after the sign-in. An address of another origin is replaced by this server's start page. */
function wanted(): string {
  const { origin } = location
  try {
    const url = new URL(new URLSearchParams(location.search).get('next') ?? '/', origin)
    return url.origin === origin ? url.href : origin
  } catch {
    return origin
  }
}
