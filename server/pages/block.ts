/** Turns a module into a block, so that one script can contain many modules. */
import { initSync, parse } from 'es-module-lexer'
import type { ExportSpecifier } from 'es-module-lexer'

initSync()

/** A module that can become a block: its text, its imports and its exports. */
export interface ParsedModule {
  /** The module's text without `import`, `export` and the address of a source map. All other code keeps its place. */
  readonly text: string
  /** Static imports, in the order of their statements. */
  readonly imports: readonly StaticImport[]
  readonly dynamic: readonly DynamicImport[]
  /** Pairs of an exported name and the local name. */
  readonly exports: readonly (readonly [string, string])[]
}

export interface StaticImport {
  readonly specifier: string
  /** Pattern that declares the imported names, such as `{ a: b }`, or null if the statement imports no names. */
  readonly pattern: string | null
  /** Pairs of an exported name and the name in the imported module, if the statement exports what it imports. */
  readonly passedOn: readonly (readonly [string, string])[]
  readonly passesOnAll: boolean
}

interface DynamicImport {
  readonly specifier: string
  readonly start: number
  readonly end: number
}

/** `es-module-lexer` finds the statements. Throws an error if the module has an `export` of an unknown form. */
export function parseModule(source: string): ParsedModule {
  const [found, exported] = parse(source)
  let text = source.replace(/^\/\/# sourceMappingURL=.*$|^export\s*\{\s*\};?/gm, blank)
  const cut = (start: number, end: number): void => {
    text = text.slice(0, start) + blank(text.slice(start, end)) + text.slice(end)
  }
  const fixed = found.filter(({ d }) => d === -1)
  for (const { ss, se } of fixed) cut(ss, se)
  const isPassedOn = ({ s }: ExportSpecifier) => fixed.some(({ ss, se }) => s >= ss && s < se)
  const own = exported.filter((one) => !isPassedOn(one))
  for (const at of new Set(own.map(({ s }) => keywordBefore(source, s)))) {
    const [statement = ''] = EXPORT.exec(source.slice(at)) ?? []
    if (statement === '') throw new Error(`"${source.slice(at, at + 40)}" is an export of an unknown form.`)
    if (/^export\s+default\b/.test(statement)) text = text.slice(0, at) + DEFAULT + text.slice(at + DEFAULT.length)
    else cut(at, at + statement.length)
  }
  return {
    text,
    imports: fixed.map(({ ss, s, n = '' }) => importOf(source.slice(ss, s - 1), n)),
    dynamic: found.flatMap(({ d, ss, se, n }) =>
      d > -1 && n !== undefined ? [{ specifier: n, start: ss, end: se }] : [],
    ),
    exports: own.map(({ n, ln }) => [n, n === 'default' ? 'default$' : (ln ?? n)]),
  }
}

/** Statements that export names. In front of a declaration, only the word `export` is a part of the match. */
const EXPORT =
  /^export(?:\s*\{[^}]*\};?|\s+default\s(?!\s*(?:function|class|async)\b)|(?=\s+(?:const|class|function|async\s+function)\b))/

/** Replaces `export default`. It has the same length, so all code after it keeps its place. */
const DEFAULT = 'let default$ ='

function keywordBefore(source: string, index: number): number {
  const keywords = Array.from(source.slice(0, index).matchAll(/(?<![.\w$])export(?![\w$])/g), (match) => match.index)
  return keywords.at(-1) ?? index
}

/** `clause`: the text of the statement before its specifier. */
function importOf(clause: string, specifier: string): StaticImport {
  const names = Array.from(
    (/\{([^}]*)\}/.exec(clause)?.[1] ?? '').matchAll(/([\w$]+)(?:\s+as\s+([\w$]+))?/g),
    ([, name = '', as = name]) => [name, as] as const,
  )
  if (clause.startsWith('export')) {
    const passesOnAll = /^export\s*\*\s*from/.test(clause)
    if (!passesOnAll && names.length === 0) throw new Error(`"${clause}" is an export of an unknown form.`)
    return { specifier, pattern: null, passedOn: names.map(([name, as]) => [as, name]), passesOnAll }
  }
  const [, whole] = /\*\s*as\s+([\w$]+)/.exec(clause) ?? []
  const [, first] = /^import\s+([\w$]+)\s*(?:,|from)/.exec(clause) ?? []
  if (first !== undefined) names.unshift(['default', first])
  const pattern = whole ?? (names.length === 0 ? null : `{ ${names.map(([name, as]) => `${name}: ${as}`).join(', ')} }`)
  return { specifier, pattern, passedOn: [], passesOnAll: false }
}

/** Replaces everything except line ends by spaces. */
function blank(text: string): string {
  return text.replace(/[^\r\n]/g, ' ')
}
