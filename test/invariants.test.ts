import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'
import { transports } from '../server/transports/index.ts'

// Each title is also in server/README.md, under "Invariants", in the same words. `docs.test.ts` checks this.

const REPOSITORY = join(import.meta.dirname, '..')
/** Programs that lessons judge. They may be right or wrong, and repeat each other's names. */
const PROGRAM = /^test\/lessons\/[^/]+\/variants\//
const HTTP = /^(?:fastify|@fastify\/.*|ws|(?:node:)?(?:http|https|http2|net|tls))$/

test('`server/feed` imports no transport, no HTTP, no wire and no lab', () => {
  const imports = importsOf('server/feed/**/*.ts')
  expect(imports).not.toEqual([])
  expect(
    imports.filter(({ from }) => HTTP.test(from) || isIn(from, 'server/transports', 'server/wire', 'server/lab')),
  ).toEqual([])
})

test('No transport of the server imports another transport, the wire or the lab', () => {
  const transports = transportsOf('server')
  const imports = importsOf('server/transports/**/*.ts').filter(({ file }) => file !== 'server/transports/index.ts')
  expect(imports.filter(({ from }) => transports.includes(from) || isIn(from, 'server/wire', 'server/lab'))).toEqual([])
})

test('No transport of the browser imports another transport', () => {
  const transports = transportsOf('web')
  const imports = importsOf('web/transports/**/*.ts').filter(({ file }) => file !== 'web/transports/index.ts')
  expect(imports.filter(({ from }) => transports.includes(from))).toEqual([])
})

test('The transports of the browser and of the server have the same names', () => {
  const names = (side: Side) => transportsOf(side).map((file) => posix.basename(file))
  expect(names('web').toSorted()).toEqual(names('server').toSorted())
})

/** Sides whose code names no transport outside its folder of transports. */
const NAMELESS_SIDES: readonly Side[] = ['server']

test('Outside `server/transports/`, no file of the server names a transport in its code', () => {
  const name = new RegExp(`(['"\`])(?:${Object.keys(transports).join('|')})\\1`)
  // Some transports share their name with a kind of transport or with a package.
  const others = /\bkind\b|^import /
  const found = NAMELESS_SIDES.flatMap((side) =>
    filesOf(`${side}/**/*.ts`)
      .filter((file) => !isIn(file, `${side}/transports`))
      .flatMap((file) =>
        codeOf(file)
          .filter((line) => name.test(line) && !others.test(line))
          .map((line) => `${file}: ${line.trim()}`),
      ),
  )
  expect(found).toEqual([])
})

/** Returns the lines of a file without types and comments. */
const codeOf = (file: string): string[] =>
  stripTypeScriptTypes(read(file))
    .replace(/\/\*.*?\*\/|^\s*\/\/.*?$/gms, '')
    .split('\n')

test('The wire imports no feed and no transport', () => {
  const imports = importsOf('server/wire/**/*.ts')
  expect(imports).not.toEqual([])
  expect(imports.filter(({ from }) => isIn(from, 'server/feed', 'server/transports'))).toEqual([])
})

test('`web` imports only types from `server`', () => {
  const imports = importsOf('web/**/*.ts').filter(({ from }) => isIn(from, 'server'))
  expect(imports).not.toEqual([])
  expect(imports.filter(({ typeOnly }) => !typeOnly)).toEqual([])
})

test('`server` imports nothing from `web` except the rules of a board, and the files of these rules import nothing except each other', () => {
  const imports = importsOf('server/**/*.ts').filter(({ from }) => isIn(from, 'web'))
  const rules = [...new Set(imports.map(({ from }) => from))].toSorted()
  expect(rules).toEqual(['web/board/apply.ts', 'web/board/rules.ts'])
  const theirs = importsOf('web/board/{apply,place,rules}.ts').filter(({ typeOnly }) => !typeOnly)
  expect([...new Set(theirs.map(({ from }) => from))]).toEqual(['web/board/place.ts'])
})

test('`web/measure` imports only itself, and types', () => {
  const imports = importsOf('web/measure/**/*.ts')
  expect(imports.filter(({ from, typeOnly }) => !typeOnly && !isIn(from, 'web/measure'))).toEqual([])
})

test('`test/compare` imports only itself, types, `server/start`, `server/wire/bend`, `web/measure` and `web/transports`', () => {
  const allowed = ['test/compare', 'server/start', 'server/wire/bend', 'web/measure', 'web/transports']
  const imports = importsOf('test/compare/**/*.ts').filter(
    ({ file, from, typeOnly }) =>
      !file.endsWith('.test.ts') && !typeOnly && /^(?:server|web|test|lessons)\//.test(from),
  )
  expect(imports).not.toEqual([])
  expect(imports.filter(({ from }) => !isIn(from, ...allowed))).toEqual([])
})

test('`server/protocol/` contains only types', () => {
  const files = filesOf('server/protocol/*.ts')
  expect(files).not.toEqual([])
  const code = files.map((file) => stripTypeScriptTypes(read(file))).join('\n')
  expect(code.replace(/\/\*.*?\*\/|\/\/.*?$/gms, '').trim()).toBe('')
})

test('Only `server/main.ts` reads `process.argv` and `process.env`', () => {
  const touches =
    /\bprocess\s*(?:\.\s*(?:argv|env)\b|\[)|\{[^}]*\b(?:argv|env)\b[^}]*\}\s*=\s*process\b|['"](?:node:)?process['"]/
  const files = filesOf('server/**/*.ts', 'web/**/*.ts').filter((file) => touches.test(read(file)))
  expect(files).toEqual(['server/main.ts'])
})

test('In `server` and in `web`, a folder imports only from floors below its own, types included', () => {
  for (const side of ['server', 'web'] as const) {
    const floors = floorsOf(side)
    const folders = new Set(filesOf(`${side}/**/*.{ts,js}`).map((file) => folderOf(file, side)))
    expect(floors.flat().toSorted(), `floors in ${side}/README.md`).toEqual([...folders].toSorted())
    const heights = new Map(floors.flatMap((names, height) => names.map((name) => [name, height] as const)))
    const heightOf = (path: string): number => heights.get(folderOf(path, side)) ?? Number.NaN
    const crossing = importsOf(`${side}/**/*.{ts,js}`)
      .filter(({ from }) => isIn(from, side))
      .filter(({ file, from }) => folderOf(file, side) !== folderOf(from, side))
    expect(crossing).not.toEqual([])
    expect(crossing.filter(({ file, from }) => heightOf(from) >= heightOf(file))).toEqual([])
  }
})

test('Each exported type has a name of its own, except in programs that lessons judge', () => {
  const declaration = /^export (?:declare )?(?:abstract )?(?:interface|type|class|(?:const )?enum) ([\w$]+)/gm
  const files = filesOf('{server,web,lessons/kit,test}/**/*.ts').filter((file) => !PROGRAM.test(file))
  const places = new Map<string, string[]>()
  for (const file of files)
    for (const [, name = ''] of read(file).matchAll(declaration)) places.set(name, [...(places.get(name) ?? []), file])
  expect(places.size).toBeGreaterThan(0)
  expect([...places].filter(([, files]) => files.length > 1)).toEqual([])
})

test('`server/command.js`, `server/launch.js` and `server/start/strip-types.js` are the only JavaScript files', () => {
  expect(filesOf('**/*.{js,cjs,mjs,jsx}')).toEqual([
    'server/command.js',
    'server/launch.js',
    'server/start/strip-types.js',
  ])
})

test('A file that `npm pack` packs imports only packed files, Node, and packages in `dependencies`', () => {
  const { dependencies } = JSON.parse(read('package.json'))
  const isPacked = (path: string): boolean =>
    path === 'package.json' || (isIn(path, 'server', 'web', 'test/compare') && !path.endsWith('.test.ts'))
  const nameOf = (from: string): string => from.split('/', from.startsWith('@') ? 2 : 1).join('/')
  const imports = importsOf('{server,web,test/compare}/**/*.{ts,js}').filter(
    ({ file, typeOnly }) => isPacked(file) && !typeOnly,
  )
  expect(imports).not.toEqual([])
  expect(
    imports.filter(({ from }) => !from.startsWith('node:') && !isPacked(from) && !(nameOf(from) in dependencies)),
  ).toEqual([])
})

/** Returns the folders of each floor from the ground up, as the README of that side draws them. */
function floorsOf(side: Side): string[][] {
  const [, drawn = ''] = /^### Floors\n.*?^```text\n(.*?)^```/ms.exec(read(`${side}/README.md`)) ?? []
  return drawn
    .trim()
    .split('\n')
    .map((floor) => floor.trim().split(/\s+/))
    .toReversed()
}

/**
 * Returns the folder directly below `server` or `web`. For a file outside of such a folder, returns the file's name.
 */
function folderOf(file: string, side: Side): string {
  const [name = ''] = file.slice(side.length + 1).split('/')
  return name
}

interface Import {
  readonly file: string
  /** A path in the repository, or the bare name of a package. */
  readonly from: string
  readonly typeOnly: boolean
}

/**
 * Returns the imports of files: statements at the start of a line, so that comments do not count, and every `import()`.
 */
function importsOf(pattern: string): Import[] {
  return filesOf(pattern).flatMap((file) => {
    const text = read(file)
    const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[\w$\s{},*]*?\bfrom\s*)?['"]([^'"\n]+)['"]/gm)
    const calls = text.matchAll(/()\bimport\s*\(\s*['"`]([^'"`\n]+)['"`]/g)
    return [...statements, ...calls].map(([, type = '', name = '']) => ({
      file,
      from: name.startsWith('.') ? posix.join(posix.dirname(file), name) : name,
      typeOnly: type !== '',
    }))
  })
}

function filesOf(...patterns: string[]): string[] {
  const exclude = ['**/node_modules/**', 'data/**', 'work/**']
  return globSync(patterns, { cwd: REPOSITORY, exclude })
    .map((file) => file.replaceAll('\\', '/'))
    .toSorted()
}

function read(file: string): string {
  return readFileSync(join(REPOSITORY, file), 'utf8')
}

type Side = 'server' | 'web'

/** Returns the files that the record of transports imports. The other files in that folder are shared. */
function transportsOf(side: Side): string[] {
  const index = `${side}/transports/index.ts`
  const files = importsOf(index)
    .filter(({ from, typeOnly }) => !typeOnly && !from.endsWith('-reading.ts'))
    .map(({ from }) => from)
  expect(files.length, `transports in ${index}`).toBeGreaterThanOrEqual(4)
  return files
}

function isIn(path: string, ...folders: string[]): boolean {
  return folders.some((folder) => path.startsWith(`${folder}/`))
}
