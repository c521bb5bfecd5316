import { existsSync, globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CATALOGUE } from '../server/errors.ts'
import { HELP } from '../server/flags.ts'
import { LIMITS } from '../server/limits.ts'
import { PATIENCE } from '../server/transports/progress.ts'
import { HEARTBEAT_MS, LIMIT_EVENTS, MESSAGE_BYTES } from '../server/transports/transport.ts'

const REPOSITORY = join(import.meta.dirname, '..')
const DOCUMENTS = ['README.md', ...globSync('lessons/**/*.md', { cwd: REPOSITORY })]

describe.each(DOCUMENTS)('%s', (path) => {
  test('links to nothing that is missing', async () => {
    const { prose } = parts(await read(path))
    const links = [
      ...prose.matchAll(/\]\(\s*<?([^)\s>]+)/g),
      ...prose.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm),
      ...prose.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g),
    ].map(([, target = '']) => target)
    const missing = await Promise.all(links.map(async (link) => ((await leadsSomewhere(link, path)) ? [] : [link])))
    expect(missing.flat()).toEqual([])
  })

  test('names only npm scripts that exist', async () => {
    const { scripts } = JSON.parse(await read('package.json'))
    const { code } = parts(await read(path))
    const named = Array.from(code.matchAll(/\bnpm (?:run )?(\w[\w:-]*)/g), ([, name = '']) => name)
    expect(named.filter((name) => !(name in scripts) && !NPM_ITSELF.includes(name))).toEqual([])
  })

  test('names only files and folders that exist', async () => {
    const { code } = parts(await read(path))
    // Words in capitals, as in `server/transports/NAME.ts`, stand for something: they are no path.
    const named = Array.from(
      code.matchAll(/(?<![\w./:@-])(?:server|web|test|lessons|\.ci)\/[a-z\d_.*/-]*(?![\w<{])/g),
      ([name]) => name,
    )
    const exists = (name: string) => globSync(name.replace(/[/.]+$/, ''), { cwd: REPOSITORY }).length > 0
    expect(named.filter((name) => !exists(name))).toEqual([])
  })
})

describe("the README's invariants", () => {
  test('are those that a test holds, in the same words', async () => {
    const [, section = ''] = /^#+ Invariants$(.*?)(?=^#|(?![^]))/ms.exec(await read('README.md')) ?? []
    const stated = Array.from(section.matchAll(/^[-*] (.*(?:\n {2,}.*)*)/gm), ([, item = '']) => plain(item))
    const tests = (await read('test/invariants.test.ts')).matchAll(/^test\(\s*(['"])(.*?)\1,\s/gm)
    const held = Array.from(tests, ([, , title = '']) => plain(title))
    expect(held.length).toBeGreaterThan(5)
    expect(stated.toSorted()).toEqual(held.toSorted())
  })
})

describe("the README's tables", () => {
  test('list exactly the errors of the catalogue', async () => {
    const rows = (await read('README.md')).matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (.*) \|$/gm)
    const listed = Array.from(rows, ([, code, status, title]) => [code, Number(status), title])
    expect(listed).toEqual(Object.entries(CATALOGUE).map(([code, { status, title }]) => [code, status, title]))
  })

  test('list the limits as they are', async () => {
    const [, section = ''] = /^## Limits$(.*?)^## /ms.exec(await read('README.md')) ?? []
    const rows = Array.from(section.matchAll(/^\| (.*?) \| (.*?) \|/gm), ([, what = '', value = '']) => [what, value])
    const numbers = new Map(rows.map(([what = '', value = '']) => [what, Number(value.replace(',', ''))]))
    expect([...numbers.values()].filter((value) => value > 0)).toEqual([
      LIMITS.connectionsPerAddress,
      LIMITS.heldPerAddress,
      LIMITS.heldPerClient,
      LIMITS.pipelinedPerConnection,
      LIMITS.messagesPerSecondPerClient,
      LIMITS.messagesPerSecondPerAddress,
      LIMITS.rooms,
      LIMITS.roomsPerConnection,
    ])
    expect(section).toContain(
      `${PATIENCE.stalledMs / 1000} s without progress, ${PATIENCE.waitingBytes / 1024 / 1024} MiB`,
    )
    expect(section).toContain(`after ${PATIENCE.unansweredMs / 1000} s without an acknowledgement`)
    expect(section).toContain(`two heartbeats of ${HEARTBEAT_MS / 1000} s`)
    expect(section).toContain(`${LIMIT_EVENTS} events`)
    expect(section).toContain(`a body, or a WebSocket message | ${MESSAGE_BYTES / 1024} KiB`)
  })

  test('list the flags as --help does', async () => {
    const flags = HELP.slice(HELP.indexOf('  --port'))
    expect(await read('README.md')).toContain(flags)
  })
})

/** What npm can do by itself. */
const NPM_ITSELF = ['ci', 'install', 'exec', 'audit', 'outdated']

async function read(path: string): Promise<string> {
  return (await readFile(join(REPOSITORY, path), 'utf8')).replaceAll('\r\n', '\n')
}

/** Takes a document apart: what is to be typed (shell blocks and words in backticks), and the text without any code block. */
function parts(markdown: string): { prose: string; code: string } {
  const blocks = /^( *)(`{3,})(\w*)[^\n]*\n(.*?)^\1\2 *$/gms
  const shell = Array.from(markdown.matchAll(blocks), ([, , , language, block]) => (language === 'sh' ? block : ''))
  const prose = markdown.replace(blocks, '')
  const spans = Array.from(prose.matchAll(/`([^`\n]+)`/g), ([, span]) => span)
  return { prose, code: [...shell, ...spans].join('\n') }
}

/** Addresses elsewhere are taken on trust; a file has to be there, and in a document the heading too. */
async function leadsSomewhere(link: string, from: string): Promise<boolean> {
  if (/^(?:[a-z][a-z\d+.-]*:|\/\/)/i.test(link)) return true
  const [file = '', anchor] = decodeURI(link).split('#')
  const target = file === '' ? from : join(dirname(from), file)
  if (!existsSync(join(REPOSITORY, target))) return false
  if (anchor === undefined || !target.endsWith('.md')) return true
  const headings = (await read(target)).matchAll(/^#+ (.*)$/gm)
  return Array.from(headings, ([, heading = '']) => slug(heading)).includes(anchor)
}

/** As GitHub makes it: small letters, no signs, a hyphen for each blank. */
function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

function plain(sentence: string): string {
  return sentence.replace(/[`*_]/g, '').replace(/\s+/g, ' ').replace(/\.$/, '').trim()
}
