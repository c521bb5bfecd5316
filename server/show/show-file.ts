/**
 * The file that keeps the show, next to the event log, so that a class survives a restart of the server. The same folder
 * gets a file for each class that has ended. Only the owner of the files can read them.
 */
import { readFileSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { SavedShow } from './record.ts'

export interface ShowFile {
  /** Returns the show, or null if the file does not exist yet. Throws an error that names the file if it is not valid. */
  read(): SavedShow | null
  write(show: SavedShow): Promise<void>
  /** Writes the session of a class that has ended into a file of its own. Returns the path. */
  keep(room: string, session: string): Promise<string>
  /** Returns the latest kept session of the class in this room; null if there is none. */
  kept(room: string): Promise<string | null>
}

const MODE = 0o600

const Lists = Type.Record(Type.String(), Type.Unknown())
const Saved = Compile(
  Type.Object({
    record: Type.Object({
      version: Type.Integer(),
      classNumber: Type.Integer({ minimum: 1 }),
      beganAtMs: Type.Number(),
      scene: Type.String(),
      step: Type.Enum(['predict', 'closed', 'run', 'explain']),
      sinceMs: Type.Number(),
      done: Type.Array(Type.String()),
      blank: Type.Boolean(),
      names: Type.Boolean(),
      address: Type.Integer(),
      driver: Type.Union([Type.String(), Type.Null()]),
      salt: Type.String(),
      scenes: Type.Array(
        Type.Tuple([
          Type.String(),
          Type.Intersect([
            Lists,
            Type.Object({
              votes: Type.Array(Type.Tuple([Type.Integer(), Type.Integer()])),
              measured: Type.Array(Lists),
              reports: Type.Array(Lists),
            }),
          ]),
        ]),
      ),
    }),
    seats: Type.Array(
      Type.Intersect([
        Lists,
        Type.Object({
          seat: Type.Integer(),
          keyHash: Type.String(),
          name: Type.String(),
          dealt: Type.String(),
          preflight: Type.Array(Lists),
        }),
      ]),
    ),
    changed: Type.Array(Type.Intersect([Lists, Type.Object({ name: Type.String() })])),
  }),
)

/** `data`: path of the event log's file. */
export function showFile(data: string): ShowFile {
  const stem = data.replace(/(\.\w+)?$/, '')
  const path = `${stem}.show.json`
  return {
    read() {
      const text = readIfThere(path)
      if (text === null) return null
      const saved = readShow(text)
      if (saved) return saved
      throw new Error(`${path} contains no valid show. Move or delete the file. The show then begins again.`)
    },
    write: (show) => writeWhole(path, textOfShow(show)),
    async keep(room, session) {
      const kept = `${stem}.${room}.${new Date().toISOString().replace(/[:.]/g, '-')}.json`
      await writeWhole(kept, session)
      return kept
    },
    async kept(room) {
      const names = await readdir(dirname(path)).catch(() => [])
      const isKept = (name: string): boolean => name.startsWith(`${basename(stem)}.${room}.`) && name.endsWith('.json')
      // The names contain the times of the classes.
      const latest = names.filter(isKept).toSorted().at(-1)
      return latest === undefined ? null : readFile(join(dirname(path), latest), 'utf8')
    },
  }
}

/** Returns the show as text, from which `readShow` returns it again. */
export const textOfShow = (show: SavedShow): string =>
  JSON.stringify(show, (_key, value) => (value instanceof Map ? [...value] : value))

/** Returns null if the text contains no valid show. */
export function readShow(text: string): SavedShow | null {
  const saved = parse(text)
  return Saved.Check(saved) ? revive(saved) : null
}

/** The new file gets its final name only when it is complete, so a file at `path` is always complete. */
async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const fresh = `${path}.${process.pid}.new`
  try {
    await writeFile(fresh, text, { mode: MODE, flush: true })
    await rename(fresh, path)
  } catch (error) {
    // A full disk may have taken only the beginning.
    await rm(fresh, { force: true }).catch(() => {})
    throw error
  }
}

/** Turns the lists of pairs into maps again. The file is this server's own, so the rest has the right types. */
function revive(saved: Saved): SavedShow {
  const scenes = saved.record.scenes.map(([id, scene]) => [id, { ...scene, votes: new Map(scene.votes) }] as const)
  return { ...saved, record: { ...saved.record, scenes: new Map(scenes) } } as unknown as SavedShow
}

type Saved = ReturnType<typeof Saved.Parse>

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new Error(`${path} cannot be read: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
