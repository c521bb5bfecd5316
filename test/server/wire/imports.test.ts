/** Imports that are forbidden: from the wire to other folders, and from the feed and the transports to the wire. */
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const SERVER = join(import.meta.dirname, '../../../server')

/** Returns the imports as paths in the server's folder, without those of Node and of packages. */
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

test('the wire imports only the protocol’s types and the clock from the rest of the server', async () => {
  const others = (await importsOf('wire')).filter((path) => !/^(?:wire|protocol)\//.test(path))
  expect(others.toSorted()).toEqual(['now.ts'])
})

test.each(['feed', 'transports'])('no file of %s imports the wire', async (folder) => {
  const imports = await importsOf(folder)
  expect(imports).toContain('protocol/feed.ts')
  expect(imports.filter((path) => path.startsWith('wire/') || path === 'lab/network.ts')).toEqual([])
})
