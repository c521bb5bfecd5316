/** The lessons' pages: what stands in the frame of `web/lesson.html`. */
import type { Lesson } from './course.ts'
import { escapeHtml, htmlOf, inlineHtmlOf } from './markdown.ts'

interface Place {
  /** How this server was asked for, in whose words the page's commands are. */
  readonly host: string
  /** Where the page reaches the student's server over the sandbox's wire; empty where there is no kit. */
  readonly way: string
  /** Where that server is itself, to be read; empty while that is not known. */
  readonly yours: string
}

export function lessonPage(
  frame: string,
  course: readonly Lesson[],
  lesson: Lesson,
  { host, way, yours }: Place,
): string {
  const { name, number, title, facts, text } = lesson
  const at = course.indexOf(lesson)
  const main = `<main class="lesson" data-lesson="${name}" data-look="${escapeHtml(lookOf(text))}" data-way="${escapeHtml(way)}" data-yours="${escapeHtml(yours)}">
      <article class="text" tabindex="0" aria-label="Lesson ${number}">
        <p class="kick">Lesson ${number}${facts === '' ? '' : ` · ${inlineHtmlOf(facts)}`}</p>
        <h1>${inlineHtmlOf(title)}</h1>
${htmlOf(text).replaceAll('localhost:3000', escapeHtml(host))}
        <nav class="turn" aria-label="Other lessons">${turn(course[at - 1], 'prev', 'Before')}${turn(course[at + 1], 'next', 'Next')}</nav>
      </article>
      <fw-lesson></fw-lesson>
    </main>`
  return filled(frame, { title: `Lesson ${number}: ${title}`, course: squares(course, lesson), main })
}

export function coursePage(frame: string, course: readonly Lesson[]): string {
  const rows = course.map(
    ({ name, number, title, facts, isDone }) =>
      `<li data-lesson="${name}"${isDone ? ' class="done"' : ''}><span class="no">${number}</span><span><a href="/lessons/${name}">${inlineHtmlOf(title)}</a><small>${inlineHtmlOf(facts)}</small></span><span class="is">${isDone ? 'done' : ''}</span></li>`,
  )
  const done = course.filter(({ isDone }) => isDone).length
  const main = `<main class="course">
      <h1>The lessons</h1>
      <p>Each is a question, a prediction, something to look at, and a small file to finish, which is then checked over real connections. ${course.length > 0 ? `${done} of ${course.length} are done.` : 'There are none here.'}</p>
      <p>To work on one, run it in a terminal: <code>npm run lesson</code> takes the next that is not done, <code>npm run lesson 4</code> that one.</p>
      <ol>${rows.join('\n')}</ol>
    </main>`
  return filled(frame, { title: 'Lessons', course: squares(course), main })
}

/** The query of the page's first link to the sandbox: the state that the lesson describes. */
function lookOf(text: string): string {
  return /http:\/\/localhost:3000(\/[^\s)>]*)/.exec(text)?.[1] ?? '/'
}

/** How far one is, in the head of each page. */
function squares(course: readonly Lesson[], current?: Lesson): string {
  const links = course.map((lesson) => {
    const { name, number, title, isDone } = lesson
    const is = [lesson === current ? 'current' : '', isDone ? 'done' : ''].filter(Boolean).join(' ')
    const label = escapeHtml(`Lesson ${number}: ${title}${isDone ? ', done' : ''}`)
    return `<a href="/lessons/${name}" data-lesson="${name}" class="${is}"${lesson === current ? ' aria-current="page"' : ''} title="${label}" aria-label="${label}">${number}</a>`
  })
  return links.join('')
}

function turn(lesson: Lesson | undefined, rel: 'prev' | 'next', label: string): string {
  if (!lesson) return ''
  return `<a rel="${rel}" href="/lessons/${lesson.name}"><small>${label}</small> ${lesson.number}. ${inlineHtmlOf(lesson.title)}</a>`
}

function filled(frame: string, parts: { title: string; course: string; main: string }): string {
  const { title, course, main } = parts
  return frame
    .replace('<!-- title -->', () => escapeHtml(title))
    .replace('<!-- course -->', () => course)
    .replace('<!-- main -->', () => main)
}
