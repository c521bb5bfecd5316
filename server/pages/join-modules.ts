/**
 * Joins the modules of a page into two scripts: `main.js` has the modules that the page needs at once, and `later.js`
 * has those that the page imports when a person needs them. A browser that loads each of more than a hundred modules
 * by itself needs seconds on a slow network, because it learns about a module only from the modules that import it.
 *
 * Each module becomes a block. The block keeps the lines and columns of the module's file. It takes the imported values
 * when it runs, so a module may not export a variable with `let`, and modules may not import each other in a circle.
 */
import { parseModule } from './block.ts'
import type { ParsedModule } from './block.ts'
import type { Piece } from './joined-text.ts'

/** A module as `join` reads it. */
export interface ModuleFile {
  readonly path: string
  readonly original: string
  /** The module's text as the browser gets it. */
  readonly text: string
}

export interface JoinedScripts {
  readonly main: readonly Piece[]
  /** Empty if the page imports nothing later. */
  readonly later: readonly Piece[]
}

interface Module extends ModuleFile {
  readonly parsed: ParsedModule
  /** Variable with what the module exports. */
  readonly variable: string
}

/**
 * `scripts`: addresses of the page's scripts. `resolve` returns the address of the module that another one imports.
 * Throws an error that names the module and the reason if modules cannot be joined.
 */
export function join(
  scripts: readonly string[],
  read: (address: string) => ModuleFile,
  resolve: (specifier: string, from: string) => string,
): JoinedScripts {
  const modules = new Map<string, Module>()
  const main = reached(scripts)
  const later = reached(main.flatMap((address) => dynamicOf(address)))
  for (const address of later) {
    const [further] = dynamicOf(address).filter((other) => !modules.has(other))
    if (further !== undefined) throw new Error(`${address} imports ${further} later, but it is itself imported later.`)
  }
  const entries = [...new Set([...main, ...later].flatMap((address) => dynamicOf(address)))]
  if (entries.length === 0) return { main: scriptOf(main, HEAD, ''), later: [] }
  const shared = `(${['later$', ...sharedWithLater()].join(', ')})`
  const load = `const { run } = await import(${LATER}); return (await (loaded$ ??= run${shared}))[i]`
  return {
    main: scriptOf(main, `${HEAD}let loaded$; const later$ = async (i) => { ${load} }\n`, ''),
    later: scriptOf(
      later,
      // If this script imported the main script, an import that is awaited at the top level of a module would never end.
      `${HEAD}export const run = async ${shared} => {\n`,
      `\nreturn [${entries.map((address) => at(address).variable).join(', ')}] }`,
    ),
  }

  /** Returns the modules that these modules need, in the order in which they run. Leaves out those of earlier calls. */
  function reached(entries: readonly string[]): string[] {
    const order: string[] = []
    const open = new Set<string>()
    const visit = (address: string): void => {
      if (open.has(address)) throw new Error(`Modules import each other in a circle: ${[...open, address].join(', ')}.`)
      if (modules.has(address)) return
      open.add(address)
      const file = read(address)
      const parsed = parsing(file)
      for (const { specifier } of parsed.imports) visit(resolve(specifier, address))
      open.delete(address)
      modules.set(address, { ...file, parsed, variable: `module$${modules.size}` })
      order.push(address)
    }
    for (const address of entries) visit(address)
    return order
  }

  function dynamicOf(address: string): string[] {
    return at(address).parsed.dynamic.map(({ specifier }) => resolve(specifier, address))
  }

  function at(address: string): Module {
    const module = modules.get(address)
    if (!module) throw new Error(`No module has the address ${address}.`)
    return module
  }

  function scriptOf(addresses: readonly string[], head: string, foot: string): Piece[] {
    return addresses.map((address, i) => {
      const { path, original, parsed, variable } = at(address)
      const declared = parsed.imports.flatMap(({ specifier, pattern }) =>
        pattern === null ? [] : [`const ${pattern} = ${at(resolve(specifier, address)).variable};`],
      )
      return {
        path,
        original,
        text: withLater(address),
        before: `${i === 0 ? head : ''}// ${path}\nconst ${variable} = {}; { ${declared.join(' ')}`,
        after: `;Object.assign(${variable}, ${exportsOf(address)}) }${i === addresses.length - 1 ? foot : ''}`,
      }
    })
  }

  /** Returns the variables of the main script that the later script uses. */
  function sharedWithLater(): string[] {
    const used = later.flatMap((address) =>
      at(address).parsed.imports.map(({ specifier }) => resolve(specifier, address)),
    )
    const needed = new Set([...used, ...entries])
    return main.filter((address) => needed.has(address)).map((address) => at(address).variable)
  }

  function exportsOf(address: string): string {
    const { imports, exports } = at(address).parsed
    const all = imports.flatMap(({ specifier, passedOn, passesOnAll }) => {
      const { variable } = at(resolve(specifier, address))
      return passesOnAll ? [`...${variable}`] : passedOn.map(([as, name]) => `${as}: ${variable}.${name}`)
    })
    return `{ ${[...all, ...exports.map(([name, local]) => `${name}: ${local}`)].join(', ')} }`
  }

  /** Replaces each dynamic import by a shorter call, so that the code after it keeps its column. */
  function withLater(address: string): string {
    const { text, dynamic } = at(address).parsed
    return dynamic.reduce((before, { specifier, start, end }) => {
      const call = `later$(${entries.indexOf(resolve(specifier, address))})`
      return before.slice(0, start) + call.padEnd(end - start) + before.slice(end)
    }, text)
  }
}

const LATER = "'./later.js'"

const HEAD =
  '// The server has joined the modules of this page. The text of each module has the lines and columns of its file.\n'

function parsing({ path, text }: ModuleFile): ParsedModule {
  try {
    return parseModule(text)
  } catch (cause) {
    throw new Error(`${path} cannot be joined: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
