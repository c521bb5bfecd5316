/** The mutants of a program: the same program with one small change each. */
import { parseAst } from 'vitest/node'
import { changesOf, isDescription } from './operators.ts'
import type { Replacement, Node } from './operators.ts'

export interface Mutant {
  readonly operator: string
  /** Number of the first changed line. */
  readonly line: number
  /** The changed lines, each with `-` or `+` before it, and the few lines between them, each with a space before it. */
  readonly diff: string
  /** The whole changed program. */
  readonly text: string
}

/** Returns the mutants of a TypeScript program in the order of their lines. Each can be parsed and differs from all others. */
export function mutantsOf(source: string): readonly Mutant[] {
  const mutants = new Map<string, Mutant>()
  for (const [node, parent] of nodesOf(parsed(source)))
    for (const { operator, edits } of changesOf(node, parent, source)) {
      const text = applied(source, edits)
      if (text === source || mutants.has(text) || !canParse(text)) continue
      const { line, diff } = diffOf(source, text)
      mutants.set(text, { operator, line, diff, text })
    }
  return [...mutants.values()].toSorted((a, b) => a.line - b.line)
}

const parsed = (source: string) => parseAst(source, { lang: 'ts' })

function canParse(source: string): boolean {
  try {
    parsed(source)
    return true
  } catch {
    return false
  }
}

/** Parts of a node that have no effect when the program runs, or only name something. */
const IGNORED = /^(?:TS(?!AsExpression|NonNullExpression|SatisfiesExpression)|Import)/
const TYPES = new Set(['typeAnnotation', 'returnType', 'typeParameters', 'typeArguments'])

/** Yields each node of the program with its parent, but no types, no imports, and no words of errors and descriptions. */
function* nodesOf(node: Node, parent: Node | null = null): Generator<[node: Node, parent: Node | null]> {
  if (isDescription(node)) return
  yield [node, parent]
  if (node.type === 'NewExpression' && node.callee.type === 'Identifier' && node.callee.name.endsWith('Error')) return
  const namesOnly = 'computed' in node && !node.computed
  for (const [key, value] of Object.entries(node)) {
    if (TYPES.has(key) || (namesOnly && (key === 'key' || key === 'property'))) continue
    for (const child of [value].flat()) if (isNode(child) && !IGNORED.test(child.type)) yield* nodesOf(child, node)
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

function applied(source: string, edits: readonly Replacement[]): string {
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), source)
}

/** Number of unchanged lines between two changed ones that are shown: enough for two statements that are exchanged. */
const BETWEEN = 3

/** Compares two texts by lines: the shortest list of removed and added lines. */
function diffOf(before: string, after: string): { line: number; diff: string } {
  const [a, b] = [before.split('\n'), after.split('\n')]
  // common[i][j] is the number of lines that both texts share after line i of the one and line j of the other.
  const common = Array.from({ length: a.length + 1 }, () => Array<number>(b.length + 1).fill(0))
  const at = (i: number, j: number) => common[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      (common[i] ?? [])[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const lines: string[] = []
  let kept: string[] = []
  let line = 0
  for (let [i, j] = [0, 0]; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      kept.push(` ${a[i]}`)
      i++
      j++
      continue
    }
    line ||= i + 1
    if (lines.length > 0 && kept.length <= BETWEEN) lines.push(...kept)
    kept = []
    const isRemoved = i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))
    lines.push(isRemoved ? `-${a[i++]}` : `+${b[j++]}`)
  }
  return { line, diff: lines.join('\n') }
}
