/**
 * Serves documents of the repository as pages at `/docs`. A link from one document to another leads to the page of the
 * other document.
 */
import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FRESH, notFound } from '../http/rendered.ts'
import { filled } from './lesson-pages.ts'
import { escapeHtml, htmlOf, inlineHtmlOf } from './markdown.ts'
import { REPOSITORY, sendDocument, servePublic } from './page.ts'

interface Document {
  /** Last part of the address of the document's page. */
  readonly name: string
  /** Path of the document's file in the repository. */
  readonly path: string
  /** Text of the link to this document in the head of every page at `/docs`. */
  readonly label: string
  readonly about: string
}

export const DOCUMENTS: readonly Document[] = [
  { name: 'readme', path: 'README.md', label: 'Readme', about: 'What Fourwire is, and where to continue.' },
  {
    name: 'lessons',
    path: 'lessons/README.md',
    label: 'Lessons',
    about: 'How to work on the course, and how to grade it.',
  },
  {
    name: 'teaching',
    path: 'lessons/teaching.md',
    label: 'Teaching',
    about: 'Goals and misconceptions of each lesson, plans for a course, and a template for a classroom.',
  },
  {
    name: 'hour',
    path: 'lessons/hour.md',
    label: 'Hour',
    about: 'A show of 45 minutes for a class with phones: what to prepare, what to say, and what goes wrong.',
  },
  {
    name: 'web',
    path: 'web/README.md',
    label: 'Pages',
    about: 'How to read the sandbox, and where the code of the pages is.',
  },
  {
    name: 'server',
    path: 'server/README.md',
    label: 'Server',
    about: 'How the server works, its interface, its flags, and how to operate it.',
  },
  { name: 'test', path: 'test/README.md', label: 'Tests', about: 'What each suite guarantees, and what was measured.' },
  {
    name: 'compare',
    path: 'test/compare/README.md',
    label: 'Compare',
    about: 'How to compare the transports of any server for your workload.',
  },
  {
    name: 'claims',
    path: 'test/claims/README.md',
    label: 'Claims',
    about: 'Which published claims about transports hold when they are measured again.',
  },
  {
    name: 'contributing',
    path: '.github/CONTRIBUTING.md',
    label: 'Contributing',
    about: 'How to change Fourwire, and what was rejected.',
  },
  { name: 'kit', path: 'lessons/kit/README.md', label: 'Kit', about: 'How to write a lesson.' },
  { name: 'security', path: '.github/SECURITY.md', label: 'Security', about: 'How to report a vulnerability.' },
  { name: 'changelog', path: 'CHANGELOG.md', label: 'Changes', about: 'What users notice of each version.' },
]

/** The picture in the README, with its own address because the picture's file is not in `web/`. */
const PICTURE = { path: 'test/browser/sandbox.png', address: '/docs/sandbox.png' }

/**
 * Serves the list of documents, and a page for each document. A document without a file has no page and is not in the
 * list: an installation may contain only `server/` and `web/`.
 * `root`: folder of the repository.
 */
export function serveDocuments(app: FastifyInstance, { root = REPOSITORY }: { readonly root?: string } = {}): void {
  const template = () => readFile(join(root, 'web/lesson/index.html'), 'utf8')
  const textOf = ({ path }: Document) => readFile(join(root, path), 'utf8').catch(() => null)
  const send = (request: FastifyRequest, reply: FastifyReply, html: string) =>
    sendDocument(request, reply, html, 'lesson/index.html', root)

  servePublic(app, '/docs', async (request, reply) => {
    const texts = await Promise.all(DOCUMENTS.map(textOf))
    const present = DOCUMENTS.filter((_document, i) => texts[i] !== null)
    return send(request, reply, listPage(await template(), present))
  })

  servePublic(app, PICTURE.address, async (_request, reply) =>
    reply
      .headers(FRESH)
      .sendFile(posix.basename(PICTURE.path), join(root, posix.dirname(PICTURE.path)), { cacheControl: false }),
  )

  servePublic<{ name: string }>(app, '/docs/:name', async (request, reply) => {
    const { name } = request.params
    const document = DOCUMENTS.find((known) => known.name === name)
    const markdown = document ? await textOf(document) : null
    return document && markdown !== null
      ? send(request, reply, documentPage(await template(), document, markdown))
      : notFound(reply)
  })
}

function listPage(template: string, documents: readonly Document[]): string {
  const items = documents.map(
    ({ name, label, about }) =>
      `<li><span><a href="/docs/${name}">${label}</a><small>${escapeHtml(about)}</small></span></li>`,
  )
  const main = `<main class="course">
      <h1>The documents</h1>
      <ul>${items.join('\n')}</ul>
    </main>`
  return filled(template, {
    ...HEAD,
    path: '/docs',
    title: 'Documents',
    about: 'All documents of Fourwire.',
    entries: entries(),
    main,
  })
}

function documentPage(template: string, document: Document, markdown: string): string {
  const [head = '', title = document.label] = /^# (.*)\n/.exec(markdown) ?? []
  const main = `<main class="document">
      <article class="text">
        <h1>${inlineHtmlOf(title)}</h1>
${htmlOf(markdown.slice(head.length), (target) => addressOf(target, document.path))}
      </article>
    </main>`
  return filled(template, {
    ...HEAD,
    path: `/docs/${document.name}`,
    title,
    about: document.about,
    entries: entries(document),
    main,
  })
}

const HEAD = { place: 'Docs', list: 'Documents' }

function entries(current?: Document): string {
  return DOCUMENTS.map(
    (document) =>
      `<a href="/docs/${document.name}"${document === current ? ' class="current" aria-current="page"' : ''}>${document.label}</a>`,
  ).join('')
}

/**
 * Returns the address on this server for the target of a link or a picture. `from`: path of the document with the link
 * or picture. Returns null if this server has no page for the target, for example for a file of code.
 */
export function addressOf(target: string, from: string): string | null {
  const [, here] = /^http:\/\/localhost:3000(\/.*)?$/.exec(target) ?? []
  if (target.startsWith('http://localhost:3000')) return here ?? '/'
  if (/^(?:https?:|#)/.test(target)) return target
  const [file = '', anchor] = target.split('#')
  const path = posix.join(posix.dirname(from), file)
  const suffix = anchor === undefined ? '' : `#${anchor}`
  const document = DOCUMENTS.find((known) => known.path === path)
  if (document) return `/docs/${document.name}${suffix}`
  const [, lesson] = /^lessons\/(\d\d-[a-z0-9-]+)\/README\.md$/.exec(path) ?? []
  if (lesson !== undefined) return `/lessons/${lesson}${suffix}`
  const [, of, page] = /^lessons\/(\d\d-[a-z0-9-]+)\/([a-z0-9-]+)\.md$/.exec(path) ?? []
  if (of !== undefined) return `/lessons/${of}/${page}${suffix}`
  return path === PICTURE.path ? PICTURE.address : null
}
