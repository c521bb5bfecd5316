/** Tests of packages that other package managers have installed, and of incomplete installations. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findVendored } from '../../../server/pages/vendored.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')
const PACKAGES = join(REPOSITORY, 'node_modules')

const FILES = {
  lit: 'index.js',
  'lit-html': 'lit-html.js',
  'lit-element': 'lit-element.js',
  '@lit/reactive-element': 'reactive-element.js',
  uplot: 'dist/uPlot.iife.min.js',
}

test('the server finds the modules of packages that npm installed', () => {
  const root = folder()
  for (const name of Object.keys(FILES)) write(join(root, 'node_modules', name), name)
  expect([...findVendored(root)]).toEqual(Object.keys(FILES).map((name) => [name, join(root, 'node_modules', name)]))
})

test('the server finds the modules of packages that pnpm installed, beside the package that needs them and through a link', () => {
  const root = folder()
  const store = join(root, 'node_modules/.pnpm')
  for (const name of ['lit', 'lit-html', 'lit-element', '@lit/reactive-element'])
    write(join(store, 'lit@3/node_modules', name), name)
  write(join(store, 'uplot@1/node_modules/uplot'), 'uplot')
  symlinkSync(join(store, 'lit@3/node_modules/lit'), join(root, 'node_modules/lit'))
  symlinkSync(join(store, 'uplot@1/node_modules/uplot'), join(root, 'node_modules/uplot'))
  expect(findVendored(root).get('lit-html')).toBe(join(store, 'lit@3/node_modules/lit-html'))
  expect(findVendored(root).get('uplot')).toBe(join(store, 'uplot@1/node_modules/uplot'))
})

test.each([
  ['lit-html', /^The package lit-html, which lit needs, is not installed\. Install the packages again: npm ci$/m],
  ['ws', /Cannot find package 'ws'.*\. Install the packages again: npm ci$/m],
  ['typebox', /Cannot find package 'typebox'.*\. Install the packages again: npm ci$/m],
  ['fastify', /Cannot find package 'fastify'.*\. Install the packages again: npm ci$/m],
])(
  'without the package %s, the server ends with code 2 and an error that names the package',
  async (missing, sentence) => {
    const root = folder()
    for (const name of ['package.json', 'server', 'web'])
      cpSync(join(REPOSITORY, name), join(root, name), { recursive: true })
    mkdirSync(join(root, 'node_modules/@lit'), { recursive: true })
    for (const name of readdirSync(PACKAGES))
      if (name !== missing && name !== 'lit' && name !== '@lit')
        symlinkSync(join(PACKAGES, name), join(root, 'node_modules', name))
    // A link would lead to the other packages beside the real one.
    cpSync(join(PACKAGES, 'lit'), join(root, 'node_modules/lit'), { recursive: true })
    const child = spawn(process.execPath, ['server/main.ts', '--port', '0', '--data', ':memory:'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    expect((await once(child, 'close'))[0]).toBe(2)
    expect(said).toMatch(sentence)
    expect(said).not.toMatch(/^ {4}at /m)
  },
)

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), 'fourwire-vendored-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  return root
}

function write(path: string, name: string): void {
  const file = join(path, FILES[name as keyof typeof FILES])
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name }))
  writeFileSync(file, '')
}
