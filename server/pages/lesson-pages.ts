/** Builds the pages of the lessons: fills in the template `web/lesson/index.html`. */
import type { LessonDocument } from '../lessons/course.ts'
import { withHead } from './site.ts'
import { escapeHtml, fromLesson, htmlOf, inlineHtmlOf } from './markdown.ts'

interface Place {
  /** The host in the request for the page. The commands that the page shows use the same host. */
  readonly host: string
  /** Path under which this server passes requests on to the student's server. Empty if there is no kit. */
  readonly mine: string
  /** Address of the student's server, which the page shows. Empty while this server does not know the address. */
  readonly yours: string
}

export function lessonPage(
  frame: string,
  course: readonly LessonDocument[],
  lesson: LessonDocument,
  { host, mine, yours }: Place,
): string {
  const { name, number, title, facts, text } = lesson
  const at = course.indexOf(lesson)
  const main = `<main class="lesson" data-lesson="${name}" data-look="${escapeHtml(lookOf(text))}" data-lanes="${lanesOf(lookOf(text))}" data-mine="${mine}" data-yours="${escapeHtml(yours)}">
      <article class="text" tabindex="0" aria-label="Lesson ${number}">
        <p class="kick">Lesson ${number}${facts === '' ? '' : ` · ${inlineHtmlOf(facts)}`}</p>
        <h1>${inlineHtmlOf(title)}</h1>
${htmlOf(text, fromLesson(name)).replaceAll('localhost:3000', escapeHtml(host))}
        <nav class="turn" aria-label="Other lessons">${turn(course[at - 1], 'prev', 'Before')}${turn(course[at + 1], 'next', 'Next')}</nav>
      </article>
      <fw-lesson></fw-lesson>
    </main>`
  const about = `Lesson ${number} of a course about short polling, long polling, SSE and WebSocket: ${title}`
  return filled(frame, {
    ...HEAD,
    path: `/lessons/${name}`,
    title: `Lesson ${number}: ${title}`,
    about,
    entries: squares(course, lesson),
    main,
  })
}

/** A document in the folder of a lesson, beside the lesson's own text. */
export interface ReadingPage {
  /** Name of the file without `.md`. */
  readonly page: string
  readonly title: string
  /** Text after the title, as Markdown. */
  readonly text: string
}

/** `pages`: all pages of the lesson, in the order in which the lesson links to them. */
export function readingPage(
  frame: string,
  course: readonly LessonDocument[],
  lesson: LessonDocument,
  pages: readonly ReadingPage[],
  { page, title, text }: ReadingPage,
): string {
  const { name, number } = lesson
  const at = pages.findIndex((one) => one.page === page)
  const link = (rel: 'prev' | 'next', to: ReadingPage | undefined) =>
    to ? `<a rel="${rel}" href="/lessons/${name}/${to.page}">${inlineHtmlOf(to.title)}</a>` : ''
  const main = `<main class="document">
      <article class="text">
        <p class="kick"><a href="/lessons/${name}">Lesson ${number}: ${inlineHtmlOf(lesson.title)}</a></p>
        <h1>${inlineHtmlOf(title)}</h1>
${htmlOf(text, fromLesson(name))}
        <nav class="turn" aria-label="Other pages">${link('prev', pages[at - 1])}${link('next', pages[at + 1])}</nav>
      </article>
    </main>`
  return filled(frame, {
    ...HEAD,
    path: `/lessons/${name}/${page}`,
    title,
    about: `${title}: a page of lesson ${number}, ${lesson.title}`,
    entries: squares(course, lesson),
    main,
  })
}

export function coursePage(frame: string, course: readonly LessonDocument[]): string {
  const rows = course.map(
    ({ name, number, title, facts, isDone }) =>
      `<li data-lesson="${name}"${isDone ? ' class="done"' : ''}><span class="no">${number}</span><span><a href="/lessons/${name}">${inlineHtmlOf(title)}</a><small>${inlineHtmlOf(facts)}</small><small class="hunt">Find the bug: <code>npm run lesson hunt ${number}</code></small></span><span class="is">${isDone ? 'done' : ''}</span></li>`,
  )
  const done = course.filter(({ isDone }) => isDone).length
  const main = `<main class="course">
      <h1>The lessons</h1>
      <p>Each lesson has a question, a prediction, an experiment to watch, and a small file to finish. The course checks your file over real connections. ${course.length > 0 ? `${done} of ${course.length} are done.` : 'There are no lessons here.'}</p>
      <p>To work on a lesson, start it in a terminal, in the folder of the repository: <code>npm run lesson</code> starts the next lesson that is not done, <code>npm run lesson 4</code> starts lesson 4.</p>
      <p><a href="/docs/lessons">How to work on the lessons</a>, and <a href="/docs">all documents</a>.</p>
      <ol>${rows.join('\n')}</ol>
    </main>`
  const about = 'A course in which you build a chat over short polling, long polling, SSE and WebSocket.'
  return filled(frame, { ...HEAD, path: '/lessons', title: 'Lessons', about, entries: squares(course), main })
}

/**
 * Returns the path and query of the first link to the sandbox in a lesson's text. With this link, the sandbox shows the
 * state that the lesson describes.
 */
function lookOf(text: string): string {
  return /http:\/\/localhost:3000(\/[^\s)>]*)/.exec(text)?.[1] ?? '/'
}

/**
 * Returns the number of lanes that the page will show, so that the page can keep their place free before its script
 * draws them.
 */
function lanesOf(look: string): number {
  const [, lanes] = /[?&]lanes=([^&#]+)/.exec(look) ?? []
  return lanes === undefined ? USUAL_LANES : lanes.split(',').length
}

/** Number of lanes in the sandbox if an address names none. */
const USUAL_LANES = 4

/** Builds the row of links to the lessons in the head of each page. The links to finished lessons have a mark. */
function squares(course: readonly LessonDocument[], current?: LessonDocument): string {
  const links = course.map((lesson) => {
    const { name, number, title, isDone } = lesson
    const is = [lesson === current ? 'current' : '', isDone ? 'done' : ''].filter(Boolean).join(' ')
    const label = escapeHtml(`Lesson ${number}: ${title}${isDone ? ', done' : ''}`)
    return `<a href="/lessons/${name}" data-lesson="${name}" class="${is}"${lesson === current ? ' aria-current="page"' : ''} title="${label}" aria-label="${label}">${number}</a>`
  })
  return links.join('')
}

function turn(lesson: LessonDocument | undefined, rel: 'prev' | 'next', label: string): string {
  if (!lesson) return ''
  return `<a rel="${rel}" href="/lessons/${lesson.name}"><small>${label}</small> ${lesson.number}. ${inlineHtmlOf(lesson.title)}</a>`
}

const HEAD = { place: 'Lessons', list: 'Lessons' }

interface PageParts {
  /** Address of this page. */
  readonly path: string
  readonly title: string
  /** Description of the page, for search engines and previews of links. */
  readonly about: string
  /** Text before the row of links. */
  readonly place: string
  /** Name of the row of links, for screen readers. */
  readonly list: string
  /** Links to all pages in the list, as HTML: the row of links. */
  readonly entries: string
  readonly main: string
}

/** Fills in the template `web/lesson/index.html`. */
export function filled(template: string, { path, title, about, place, list, entries, main }: PageParts): string {
  return withHead(template, path)
    .replace('<!-- title -->', () => escapeHtml(title))
    .replace('<!-- about -->', () => escapeHtml(about))
    .replace('<!-- place -->', place)
    .replace('<!-- list -->', list)
    .replace('<!-- entries -->', () => entries)
    .replace('<!-- main -->', () => main)
}
