import { existsSync, globSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CATALOGUE } from '../server/http/errors.ts'
import { HELP } from '../server/flags.ts'
import { LIMITS } from '../server/access/limits.ts'
import { PATIENCE } from '../server/transports/progress.ts'
import { LIMIT_EVENTS, MESSAGE_BYTES } from '../server/http/parameters.ts'
import { HEARTBEAT_MS } from '../server/transports/transport.ts'

const REPOSITORY = join(import.meta.dirname, '..')
const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  '.github/CONTRIBUTING.md',
  '.github/SECURITY.md',
  'server/README.md',
  'web/README.md',
  'test/README.md',
  'test/compare/README.md',
  'test/claims/README.md',
  ...globSync('lessons/**/*.md', { cwd: REPOSITORY }),
]

describe.each(DOCUMENTS)('%s', (path) => {
  test('links only to files and headings that exist', async () => {
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
    // A word in capitals, as in `server/transports/NAME.ts`, is a placeholder, so its path is not checked.
    const named = Array.from(
      code.matchAll(/(?<![\w./:@-])(?:server|web|test|lessons|\.ci)\/[a-z\d_.*/-]*(?![\w<{])/g),
      ([name]) => name,
    )
    const exists = (name: string) => globSync(name.replace(/[/.]+$/, ''), { cwd: REPOSITORY }).length > 0
    expect(named.filter((name) => !exists(name))).toEqual([])
  })
})

describe('the commands of the documents', () => {
  test.each(DOCUMENTS)('every command of %s means the same in bash, cmd and PowerShell', async (path) => {
    const { commands } = parts(await read(path))
    expect(commands.filter((line) => !isForEveryShell(line))).toEqual([])
  })

  test.each([
    "curl -s 'localhost:3000/'",
    'curl -d "{\\"a\\":1}" localhost',
    'curl localhost &',
    'npm start | head',
    'PORT=1 npm start',
    'for i in 1 2; do npm start; done',
    'echo "$HOME"',
    'kill $(cat pid)',
    'curl -o /dev/null localhost; sleep 1',
    'curl localhost:3000/poll?after=0',
    'curl -d @lessons/hello.json localhost',
    'curl -s localhost \\',
    'sleep 1',
    '# a comment',
  ])('the check rejects the command %s, which is not portable', (line) => {
    expect(isForEveryShell(line)).toBe(false)
  })

  test('name exactly the programs that the file look.ts of their lesson lists', async () => {
    const ofLessons = DOCUMENTS.filter((document) => /^lessons[\\/]\d\d/.test(document))
    for (const [folder = '', documents = []] of Object.entries(Object.groupBy(ofLessons, dirname))) {
      const code = (await Promise.all(documents.map(async (path) => parts(await read(path)).code))).join('\n')
      const named = Array.from(code.matchAll(/npm run look (\d+) ([\w-]+)/g), ([, number, name]) => [number, name])
      if (named.length === 0) continue
      const { looks } = await import(join(REPOSITORY, folder, 'look.ts'))
      expect(new Set(named.map(([, name]) => name)), folder).toEqual(new Set(Object.keys(looks)))
      expect(new Set(named.map(([number]) => Number(number)))).toEqual(new Set([Number(/\d\d/.exec(folder)?.[0])]))
    }
  })
})

/**
 * Returns true if every shell reads the command in the same way. Allowed are words of letters, digits and harmless
 * signs, and texts in double quotes without a sign that some shell replaces; `&&` can separate commands. The function
 * lists what is allowed, not what is forbidden, because each shell has special signs of its own.
 */
function isForEveryShell(line: string): boolean {
  const word = String.raw`(?:[\w./:-][\w./:=@+-]*|"[^"$\x60\\!]*")`
  return new RegExp(`^(?:npm|npx|node|curl|git|wscat)(?: (?:&& )?${word})*$`).test(line)
}

describe("the server's invariants", () => {
  test('have the same titles as the tests in invariants.test.ts', async () => {
    const [, section = ''] = /^#+ Invariants$(.*?)(?=^#|(?![^]))/ms.exec(await read('server/README.md')) ?? []
    const stated = Array.from(section.matchAll(/^[-*] (.*(?:\n {2,}.*)*)/gm), ([, item = '']) => plain(item))
    const tests = (await read('test/invariants.test.ts')).matchAll(/^test\(\s*(['"])(.*?)\1,\s/gm)
    const held = Array.from(tests, ([, , title = '']) => plain(title))
    expect(held.length).toBeGreaterThan(5)
    expect(stated.toSorted()).toEqual(held.toSorted())
  })
})

describe.each(['server', 'web', 'test'])('the map of %s/', (folder) => {
  test('lists exactly the folders and files of that folder, in any order', async () => {
    const listed = Array.from((await mapOf(folder)).matchAll(/^ {2}(\S+)/gm), ([, name = '']) => name)
    // Of the tests, only the folders: each file beside them is about the repository, or used by several folders.
    const entries = await readdir(join(REPOSITORY, folder), { withFileTypes: true })
    const present = entries
      .filter((entry) => entry.isDirectory() || (folder !== 'test' && !/^(?:README|tsconfig)/.test(entry.name)))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    expect(listed.toSorted()).toEqual(present.toSorted())
  })

  test("names in each entry only modules of that entry's folder", async () => {
    const entries = (await mapOf(folder)).split(/^(?= {2}\S)/m).slice(1)
    const missing = entries.flatMap((entry) => {
      const [own = ''] = entry.trim().split(/\s/)
      const inside = own.endsWith('/') ? join(folder, own, '**') : folder
      const named = Array.from(entry.matchAll(/(?<![\w.*-])[a-z][\w-]*\.ts\b/g), ([name]) => name)
      return named.filter((name) => globSync(join(inside, name), { cwd: REPOSITORY }).length === 0)
    })
    expect(missing).toEqual([])
  })
})

/** Returns the block of text in the section "Map" of a folder's README. */
async function mapOf(folder: string): Promise<string> {
  const [, map = ''] = /^#+ Map$(?:(?!^#).)*?^```text\n(.*?)^```/ms.exec(await read(`${folder}/README.md`)) ?? []
  return map
}

describe("the tables in the server's README", () => {
  test('list exactly the errors of the catalogue, with status and title', async () => {
    const rows = (await read('server/README.md')).matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (.*) \|$/gm)
    const listed = Array.from(rows, ([, code, status, title]) => [code, Number(status), title])
    expect(listed).toEqual(Object.entries(CATALOGUE).map(([code, { status, title }]) => [code, status, title]))
  })

  test('list the limits with the values of the code', async () => {
    const [, section = ''] = /^## Limits$(.*?)^## /ms.exec(await read('server/README.md')) ?? []
    const rows = Array.from(section.matchAll(/^\| (.*?) \| (.*?) \|/gm), ([, what = '', value = '']) => [what, value])
    const numbers = new Map(rows.map(([what = '', value = '']) => [what, Number(value.replace(',', ''))]))
    expect([...numbers.values()].filter((value) => value > 0)).toEqual([
      LIMITS.connectionsPerAddress,
      LIMITS.heldPerAddress,
      LIMITS.heldPerClient,
      LIMITS.pipelinedPerConnection,
      LIMITS.messagesPerSecondPerClient,
      LIMITS.messagesPerSecondPerAddress,
      LIMITS.messagesPerSecondPerConnection,
      LIMITS.costPerSecondPerClient,
      LIMITS.costPerSecondPerAddress,
      LIMITS.costPerSecondPerConnection,
      LIMITS.rooms,
      LIMITS.newRoomsPerMinutePerClient,
      LIMITS.newRoomsPerMinutePerAddress,
      LIMITS.furtherRoomsPerClient,
      LIMITS.furtherRoomsPerAddress,
      LIMITS.ticksPerSecond,
      LIMITS.present,
    ])
    expect(section).toContain(
      `${PATIENCE.stalledMs / 1000} s without progress, ${PATIENCE.waitingBytes / 1024 / 1024} MiB`,
    )
    expect(section).toContain(`after ${PATIENCE.unansweredMs / 1000} s without an acknowledgement`)
    expect(section).toContain(`two heartbeats of ${HEARTBEAT_MS / 1000} s`)
    expect(section).toContain(`${LIMIT_EVENTS} events`)
    expect(section).toContain(`a body, or a WebSocket message | ${MESSAGE_BYTES / 1024} KiB`)
  })

  test('list each fault of Redis with the beginning of the title of its test, and leave no test out', async () => {
    const [, section = ''] = /^### Several processes on Redis$(.*?)^##/ms.exec(await read('server/README.md')) ?? []
    const listed = Array.from(section.matchAll(/^\|.*\| `(.*)` \|$/gm), ([, title = '']) => title)
    const files = await Promise.all(FAULT_TESTS.map(read))
    const titles = files.flatMap((text) =>
      Array.from(text.matchAll(/^ {2}test\('(.*?)',/gm), ([, title = '']) => title),
    )
    expect(listed.filter((beginning) => !titles.some((title) => title.startsWith(beginning)))).toEqual([])
    expect(titles.filter((title) => !listed.some((beginning) => title.startsWith(beginning)))).toEqual([])
  })

  test('list the flags as --help does', async () => {
    const flags = HELP.slice(HELP.indexOf('  --port'))
    expect(await read('server/README.md')).toContain(flags)
  })
})

/** Tests of the faults of Redis. */
const FAULT_TESTS = ['failover', 'faults', 'losses'].map((name) => `test/server/redis-${name}.test.ts`)

/** A code span that begins like this is a command. */
const TYPED = /^(?:npm|npx|curl|wscat) \S/

/** Commands of npm itself, which are no scripts of package.json. */
const NPM_ITSELF = ['ci', 'install', 'pack', 'exec', 'audit', 'outdated']

async function read(path: string): Promise<string> {
  return (await readFile(join(REPOSITORY, path), 'utf8')).replaceAll('\r\n', '\n')
}

/** Splits a document: the text without code blocks, the code (shell blocks and code spans), and the commands in it. */
function parts(markdown: string): { prose: string; code: string; commands: readonly string[] } {
  const blocks = /^( *)(`{3,})(\w*)[^\n]*\n(.*?)^\1\2 *$/gms
  const shell = Array.from(markdown.matchAll(blocks), ([, , , language, block]) => (language === 'sh' ? block : ''))
  const prose = markdown.replace(blocks, '')
  const spans = Array.from(prose.matchAll(/`([^`\n]+)`/g), ([, span]) => span)
  const inBlocks = shell.flatMap((block = '') => block.split('\n').filter((line) => line !== ''))
  const inText = spans.flatMap((span = '') => (TYPED.test(span) ? [span] : []))
  return { prose, code: [...shell, ...spans].join('\n'), commands: [...inBlocks, ...inText] }
}

/** Returns true if the file of a link exists, and the heading too. Links to other sites are not checked. */
async function leadsSomewhere(link: string, from: string): Promise<boolean> {
  if (/^(?:[a-z][a-z\d+.-]*:|\/\/)/i.test(link)) return true
  const [file = '', anchor] = decodeURI(link).split('#')
  const target = file === '' ? from : join(dirname(from), file)
  if (!existsSync(join(REPOSITORY, target))) return false
  if (anchor === undefined || !target.endsWith('.md')) return true
  const headings = (await read(target)).matchAll(/^#+ (.*)$/gm)
  return Array.from(headings, ([, heading = '']) => slug(heading)).includes(anchor)
}

/** Anchor of a heading, as GitHub builds it: small letters, no signs, a hyphen for each space. */
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
