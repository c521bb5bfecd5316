/** What the wire does not know, and who does not know the wire. */
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const SERVER = join(import.meta.dirname, '../../../server')

/** From the server's folder on; Node's own and those of packages are left out. */
async function importsOf(folder: string): Promise<string[]> {
  const files = await readdir(join(SERVER, folder), { recursive: true })
  const found = await Promise.all(
    files
      .filter((name) => name.endsWith('.ts'))
      .map(async (name) => {
        const path = join(SERVER, folder, name)
        const imports = (await readFile(path, 'utf8')).matchAll(/ from '(\.[^']+)'/g)
        return Array.from(imports, ([, from = '']) => relative(SERVER, join(dirname(path), from)))
      }),
  )
  return [...new Set(found.flat())]
}

test('the wire imports nothing of the server but the types of the protocol and the clock', async () => {
  const others = (await importsOf('wire')).filter((path) => !path.startsWith('wire/'))
  expect(others.toSorted()).toEqual(['now.ts', 'protocol.ts'])
})

test.each(['feed', 'transports'])('no file of %s imports the wire', async (folder) => {
  const imports = await importsOf(folder)
  expect(imports).toContain('protocol.ts')
  expect(imports.filter((path) => path.startsWith('wire/') || path === 'network.ts')).toEqual([])
})
