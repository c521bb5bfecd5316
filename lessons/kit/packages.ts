/** Examines whether all packages are installed: those that `package.json` names, and their own dependencies. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findVendored, packageFolder } from '../../server/pages/vendored.ts'
import type { Diagnosis } from './diagnosis.ts'

interface Package {
  readonly name?: string
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Examines versions and presence. An update can leave old versions, and an interrupted installation lacks packages. */
export function packagesIn(root: string): Diagnosis {
  const [first, ...more] = [...wrongVersions(root), ...missingFrom(root)]
  const others = more.length > 0 ? `, and ${more.length} more` : ''
  return { what: 'packages', isWell: first === undefined, said: first ? `${first}${others}. Run npm ci.` : 'installed' }
}

/** Examines the modules that the pages load; without them a page stays empty. */
export function browserModulesIn(root: string): Diagnosis {
  try {
    findVendored(root)
    return { what: 'page modules', isWell: true, said: 'installed' }
  } catch (error) {
    return { what: 'page modules', isWell: false, said: error instanceof Error ? error.message : String(error) }
  }
}

function wrongVersions(root: string): readonly string[] {
  return Object.entries(directOf(root)).flatMap(([name, version]) => {
    const found = packageIn(packageFolder(name, root))
    if (found === null) return [`${name} is missing`]
    return found.version === version ? [] : [`${name} is ${found.version} and should be ${version}`]
  })
}

/** Packages that other packages need, at any depth. */
function missingFrom(root: string): readonly string[] {
  const missing: string[] = []
  const seen = new Set<string>()
  const folders = Object.keys(directOf(root)).flatMap((name) => packageFolder(name, root) ?? [])
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (seen.has(folder)) continue
    seen.add(folder)
    const { name: by = folder, dependencies, optionalDependencies = {} } = packageIn(folder) ?? {}
    for (const name of Object.keys(dependencies ?? {})) {
      const needed = packageFolder(name, folder)
      if (needed !== null) folders.push(needed)
      else if (!(name in optionalDependencies)) missing.push(`${name}, which ${by} needs, is missing`)
    }
  }
  return missing
}

function directOf(root: string): Readonly<Record<string, string>> {
  const { dependencies, devDependencies } = packageIn(root) ?? {}
  return { ...dependencies, ...devDependencies }
}

/** Reads `package.json`; null if it is missing or incomplete. */
function packageIn(folder: string | null): Package | null {
  if (folder === null) return null
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  } catch {
    return null
  }
}
