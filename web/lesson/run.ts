/**
 * Adds buttons that run the programs of a lesson's section *Look*. The kit runs them on its own machine, as the command
 * in the text does in a terminal, and the page shows their output.
 */
import type { LessonState } from '../../server/lessons/state.ts'
import { ask } from './lesson.ts'

interface Program {
  readonly name: string
  readonly button: HTMLButtonElement
  readonly output: HTMLPreElement
}

/** Returns a function that shows the state of the lesson; null if the lesson of this page does not run. */
export function offerRuns(text: ParentNode): (state: LessonState | null) => void {
  const programs = [...text.querySelectorAll<HTMLElement>('pre.sh:not([data-request])')].flatMap((block) => {
    const [, name] = /^npm run look \d+ ([a-z0-9-]+)$/.exec(block.textContent?.trim() ?? '') ?? []
    return name === undefined ? [] : [programAfter(block, name)]
  })
  return (state) => {
    for (const { name, button, output } of programs) {
      const looking = state?.looking?.name === name ? state.looking : null
      const runs = looking !== null && !looking.isOver
      button.disabled = state === null
      button.textContent = runs ? 'Stop' : 'Run'
      button.title = state === null ? 'Start the lesson first. The panel of the checks shows how.' : ''
      if (!looking) continue
      const isAtEnd = output.scrollTop + output.clientHeight >= output.scrollHeight - 1
      const shown = looking.text === '' ? '…' : looking.text
      output.hidden = false
      output.setAttribute('aria-busy', String(runs))
      if (output.textContent !== shown) output.textContent = shown
      if (isAtEnd) output.scrollTop = output.scrollHeight
    }
  }
}

function programAfter(block: HTMLElement, name: string): Program {
  const box = document.createElement('div')
  const button = document.createElement('button')
  const output = document.createElement('pre')
  box.className = 'try'
  button.className = 'button'
  button.type = 'button'
  button.textContent = 'Run'
  button.disabled = true
  output.hidden = true
  output.tabIndex = 0
  output.setAttribute('role', 'region')
  output.setAttribute('aria-label', `Output of ${name}`)
  output.setAttribute('aria-live', 'polite')
  box.append(button, output)
  button.addEventListener('click', () => void ask({ look: button.textContent === 'Stop' ? null : name }))
  block.after(box)
  return { name, button, output }
}
