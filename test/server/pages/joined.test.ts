import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { promisify } from 'node:util'
import Fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { serveLessons } from '../../../server/pages/lessons.ts'
import { page } from '../../../server/pages/page.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')

describe('the joined script of a page', () => {
  test('does what its modules do', async () => {
    const { output } = await run({
      'main.ts': `import { a, two as b } from './a.ts'
        import * as all from './a.ts'
        import first, { later } from './b.ts'
        import './last.ts'
        const value: number = await Promise.resolve(a)
        console.log(value, b(), all.C.name, Object.keys(all).toSorted().join(), first, (await later()).late, \`
export const text = 'in a string'\`)`,
      'a.ts': `export const a = 1 as number
export async function unused(): Promise<void> {}
function hidden() { return 2 }
export class C {}
export { hidden as two }
export type { D } from './b.ts'`,
      'b.ts': `export interface D {}
export * from './c.ts'
export { c as passedOn } from './c.ts'
const one = 'first'
export default one
export const later = () => import('./late.ts')`,
      'c.ts': 'export const c = 3',
      'late.ts': `import { c } from './c.ts'
import { passedOn } from './b.ts'
export const late = c + passedOn`,
      'last.ts': 'export {}',
    })
    expect(output).toBe("1 2 C C,a,two,unused first 6 \nexport const text = 'in a string'\n")
  })

  test('runs each module once, before the modules that import it', async () => {
    const { output } = await run({
      'main.ts': "import './b.ts'\nimport './a.ts'\nconsole.log('main')\nawait import('./d.ts')",
      'a.ts': "import './c.ts'\nconsole.log('a')\nexport {}",
      'b.ts': "import './c.ts'\nconsole.log('b')\nexport {}",
      'c.ts': "console.log('c')\nexport {}",
      'd.ts': "import './c.ts'\nconsole.log('d')\nexport {}",
    })
    expect(output).toBe('c\nb\na\nmain\nd\n')
  })

  test('is in its new version after a file has changed on disk, and the earlier version stays', async () => {
    const root = await site({ 'main.ts': "import './a.ts'", 'a.ts': 'export const a = 1' })
    const get = await serving(root)
    const before = script(await get('/'))
    expect(await get(before)).toContain('const a = 1')
    await writeFile(join(root, 'web/sandbox/a.ts'), 'export const a = 10')
    const after = script(await get('/'))
    expect(after).not.toBe(before)
    expect(await get(after)).toContain('const a = 10')
    expect(await get(before)).toContain('const a = 1\n')
  })

  test.each([
    ['modules that import each other in a circle', { 'main.ts': "import './a.ts'", 'a.ts': "import './main.ts'" }],
    ['types that cannot be removed', { 'main.ts': 'enum Wire { Sse }' }],
    ['an import of a missing file', { 'main.ts': "import './a.ts'" }],
    ['an exported variable that can change', { 'main.ts': 'export let a = 1' }],
    ['an import of an unknown package', { 'main.ts': "import 'three'" }],
  ])('is missing if the page has %s, and the page then loads each file by itself', async (_, files) => {
    const get = await serving(await site(files))
    expect(await get('/')).toContain('<script type="module" src="/sandbox/main.ts"></script>')
  })

  test('is there as soon as a file is there that was missing, for example while an editor replaced it', async () => {
    const root = await site({ 'main.ts': "import './a.ts'" })
    const get = await serving(root)
    expect(await get('/')).toContain('src="/sandbox/main.ts"')
    await writeFile(join(root, 'web/sandbox/a.ts'), 'export const a = 1')
    expect(await get(script(await get('/')))).toContain('const a = 1')
  })

  test('has an address that the browser keeps for a year, and no other hash has an address', async () => {
    const root = await site({ 'main.ts': 'export {}' })
    const app = await serve(root)
    const address = script((await app.inject('/')).body)
    const { headers, statusCode } = await app.inject(address)
    expect([statusCode, headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable'])
    const others = [
      address.replace(/joined\/./, 'joined/~'),
      address.replace(/joined\/[^/]*/, 'joined/0123456789abcdef'),
      address.replace('main.js', 'other.js'),
      address.replace('sandbox', 'nothing'),
      address.replace('sandbox', 'constructor'),
      address.replace('/sandbox', ''),
      address.replace('main.js', '..%2fmain.js'),
    ]
    for (const other of others) expect([other, (await app.inject(other)).statusCode]).toEqual([other, 404])
  })
})

test('the styles of a page are joined in the order of their tags', async () => {
  const get = await serving(await site({ 'a.css': 'a {}\n', 'b.css': 'b {}\n' }))
  const html = await get('/')
  expect(html.match(/rel="stylesheet"/g)).toHaveLength(1)
  const [, address = ''] = /href="(\/joined\/[^"]*style\.css)"/.exec(html) ?? []
  expect(await get(address)).toMatch(/web\/sandbox\/a\.css \*\/\na \{\}\n[^]*web\/sandbox\/b\.css \*\/\nb \{\}\n/)
})

const NAMES = globSync('*/index.html', { cwd: join(REPOSITORY, 'web') }).map(dirname)

describe.each(NAMES.filter((name) => name !== 'not-found'))("this repository's page %s", (name) => {
  const path = { sandbox: '/', lesson: '/lessons', 'sign-in': '/sign-in.html' }[name] ?? `/${name}`

  test('has a description, and loads its styles and modules joined, and their source maps contain the files of the repository', async () => {
    const get = await serving(REPOSITORY)
    const html = await get(path)
    expect(html).toMatch(/<meta name="description" content="[A-Z].{20}/)
    const addresses = Array.from(html.matchAll(/(?:src|href)="(\/joined\/[^"]+)"/g), ([, address = '']) => address)
    const names = addresses.map((address) => address.replace(/.*\//, ''))
    // Not every page has a script that runs before it is drawn.
    expect(names.filter((name) => name !== 'early.js')).toEqual(['style.css', 'main.js'])
    for (const address of addresses) {
      const text = await get(address)
      expect(text).toMatch(new RegExp(`sourceMappingURL=${address.replace(/.*\//, '')}.map( \\*/)?\n$`))
      const map = JSON.parse(await get(`${address}.map`))
      for (const [i, source] of map.sources.entries()) {
        if (source.startsWith('/web/'))
          expect(map.sourcesContent[i]).toBe(await readFile(join(REPOSITORY, source), 'utf8'))
      }
      expect(map.sources.filter((source: string) => source.startsWith('/web/'))).not.toEqual([])
    }
  })

  test('has each line of code at the line and the column that the source map states', async () => {
    const get = await serving(REPOSITORY)
    const address = script(await get(path))
    const lines = (await get(address)).split('\n')
    const map = JSON.parse(await get(`${address}.map`))
    const found = new SourceMap(map)
    const texts: string[][] = map.sourcesContent.map((text: string) => text.split('\n'))
    let compared = 0
    for (const [line, text] of lines.entries()) {
      for (const { index } of text.matchAll(/(?<=\W)(?=\w)/g)) {
        const entry = found.findEntry(line, index)
        if (
          !('originalSource' in entry) ||
          !entry.originalSource.startsWith('/web/') ||
          entry.generatedLine !== line ||
          entry.generatedColumn !== index
        )
          continue
        const original = texts[map.sources.indexOf(entry.originalSource)]?.[entry.originalLine] ?? ''
        const word = /^\w+/.exec(text.slice(index))?.[0] ?? ''
        if (original.slice(entry.originalColumn).startsWith(word)) compared++
        else expect(word).toMatch(/^(later|\d+)$/)
      }
    }
    expect(compared).toBeGreaterThan(200)
  })
})

test('while the server joins the files of a page, it is never busy for long', async () => {
  const root = await site({})
  // A copy, so that no other test has joined these files.
  for (const path of globSync('web/**/*.{ts,html,css}', { cwd: REPOSITORY })) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), await readFile(join(REPOSITORY, path)))
  }
  const get = await serving(root)
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  const [html] = await Promise.all(['/', '/', '/', '/'].map((path) => get(path)))
  delays.disable()
  expect(script(html ?? '')).toContain('/sandbox/main.js')
  expect(delays.percentile(99) / 1e6).toBeLessThan(50)
})

/** Serves a page that loads these files of `web/sandbox/`. Returns a function that fetches a path. */
async function serving(root: string): Promise<(path: string) => Promise<string>> {
  const app = await serve(root)
  return async (path) => {
    const { statusCode, body } = await app.inject(path)
    expect([path, statusCode]).toEqual([path, 200])
    return body
  }
}

async function serve(root: string) {
  const app = Fastify({ exposeHeadRoutes: false })
  onTestFinished(() => app.close())
  await page(app, { root })
  serveLessons(app)
  return app
}

async function site(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'fourwire-joined-'))
  onTestFinished(() => rm(root, { recursive: true }))
  await mkdir(join(root, 'web/sandbox'), { recursive: true })
  const styles = Object.keys(files).filter((name) => name.endsWith('.css'))
  const html = `<!doctype html>
<head>
${styles.map((name) => `    <link rel="stylesheet" href="/sandbox/${name}" />\n`).join('')}
    ${'main.ts' in files ? '<script type="module" src="/sandbox/main.ts"></script>' : ''}
</head>`
  for (const [name, text] of Object.entries({ 'index.html': html, ...files }))
    await writeFile(join(root, 'web/sandbox', name), text)
  return root
}

function script(html: string): string {
  return /<script type="module" src="(\/joined\/[^"]+)"/.exec(html)?.[1] ?? html
}

/** Runs the joined script of a page with these files. */
async function run(files: Record<string, string>): Promise<{ output: string }> {
  const root = await site(files)
  const get = await serving(root)
  const address = script(await get('/'))
  await writeFile(join(root, 'main.js'), await get(address))
  if (files['main.ts']?.includes('import(') || files['b.ts']?.includes('import('))
    await writeFile(join(root, 'later.js'), await get(address.replace('main.js', 'later.js')))
  await writeFile(join(root, 'package.json'), '{"type":"module"}')
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'main.js')])
  return { output: stdout }
}
