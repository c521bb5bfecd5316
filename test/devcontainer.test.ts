/** The description of a development container, which GitHub Codespaces and VS Code read. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readFlags } from '../server/flags.ts'

const REPOSITORY = join(import.meta.dirname, '..')

const described = JSON.parse(readFileSync(join(REPOSITORY, '.devcontainer/devcontainer.json'), 'utf8'))
const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))

test("the container's own Node is new enough for the server", () => {
  expect(Number(/javascript-node:(\d+)-/.exec(described.image)?.[1])).toBeGreaterThanOrEqual(24)
})

test('the container forwards the port on which the server listens by default', () => {
  expect(described.forwardPorts).toEqual([readFlags([], {}).port])
  expect(Object.keys(described.portsAttributes)).toEqual(described.forwardPorts.map(String))
})

test('the container installs the packages once, and starts the server with an npm script that exists', () => {
  expect(described.postCreateCommand).toBe('npm ci')
  const [, script] = /^npm (?:run )?(\S+)$/.exec(described.postAttachCommand) ?? []
  expect(scripts).toHaveProperty(script ?? '')
})
