/** The operators of the mutation tests: each makes one small change to one place of a program, as a student's slip would. */
import type { parseAst } from 'vitest/node'

/** Replaces the characters from `start` to before `end`. */
export interface Replacement {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface Mutation {
  /** Name of what was done: `condition is true`. */
  readonly operator: string
  readonly edits: readonly Replacement[]
}

type Program = ReturnType<typeof parseAst>
type Statement = Program['body'][number]
type Expression = Extract<Statement, { type: 'ExpressionStatement' }>['expression']
type Template = Extract<Expression, { type: 'TemplateLiteral' }>
type Entry = Extract<Expression, { type: 'ObjectExpression' }>['properties'][number]
type Declaration = Extract<Statement, { type: 'VariableDeclaration' }>
type Declarator = Declaration['declarations'][number]
/** The nodes that the operators know. A program has others too; they are passed over. */
export type Node = Program | Statement | Expression | Entry | Declarator | Declarator['id']
type Call = Extract<Expression, { type: 'CallExpression' }>

/** Operators, and those by which each is replaced. */
const OPERATORS = new Map(
  Object.entries({
    '<': ['<='],
    '<=': ['<'],
    '>': ['>='],
    '>=': ['>'],
    '===': ['!=='],
    '!==': ['==='],
    '+': ['-'],
    '-': ['+'],
    '*': ['/'],
    '/': ['*'],
    '%': ['*'],
    '**': ['*'],
    '&': ['|'],
    '|': ['&'],
    '^': ['|'],
    '&&': ['||'],
    '||': ['&&'],
    '+=': ['=', '-='],
    '-=': ['=', '+='],
  }),
)

const COMPARISONS = new Set(['<', '<=', '>', '>=', '===', '!==', 'in', 'instanceof'])

/** Functions and methods, and those by which each is replaced. */
const NAMES = new Map(
  Object.entries({
    add: ['delete'],
    delete: ['add'],
    push: ['unshift'],
    unshift: ['push'],
    shift: ['pop'],
    pop: ['shift'],
    on: ['once'],
    once: ['on'],
    min: ['max'],
    max: ['min'],
    floor: ['ceil'],
    ceil: ['floor'],
    round: ['floor'],
    some: ['every'],
    every: ['some'],
    find: ['findLast'],
    findIndex: ['findLastIndex'],
    indexOf: ['lastIndexOf'],
    startsWith: ['includes'],
    endsWith: ['includes'],
    setInterval: ['setTimeout'],
    setTimeout: ['setInterval'],
  }),
)

/** Functions that only convert their argument. */
const CONVERSIONS = new Set(['Number', 'String', 'Boolean', 'Object', 'encodeURIComponent', 'decodeURIComponent'])

/** Methods whose result can take the place of what they are called on. */
const STEPS = new Set(
  'catch concat filter map normalize replace replaceAll slice sort subarray toLowerCase toSorted toString trim'.split(
    ' ',
  ),
)

/** Returns the changes that the operators make to this node itself, not to the nodes in it. */
export function changesOf(node: Node, parent: Node | null, source: string): readonly Mutation[] {
  const changes: Mutation[] = []
  const textOf = (of: Span) => source.slice(of.start, of.end)
  const put = (operator: string, of: Span, ...texts: readonly string[]) => {
    for (const text of texts) changes.push({ operator, edits: [{ start: of.start, end: of.end, text }] })
  }
  const keep = (operator: string, of: Span, ...parts: readonly (Span & { type: string })[]) =>
    put(operator, of, ...parts.map((part) => (SIMPLE.test(part.type) ? textOf(part) : `(${textOf(part)})`)))
  /** Replaces what is written between two nodes. */
  const between = (operator: string, left: Span, right: Span, was: string, ...texts: readonly string[]) => {
    const start = source.indexOf(was, left.end)
    if (start >= left.end && start < right.start) put(operator, { start, end: start + was.length }, ...texts)
  }
  const condition = (test: Expression) => put('condition', test, 'true', 'false', `!(${textOf(test)})`)
  const removeFrom = (operator: string, list: readonly (Span | null)[]) => {
    for (const [i, item] of list.entries())
      if (item && !isDescription(item)) put(operator, spanInList(list, i, item), '')
  }
  const remove = (statement: Span) => {
    const isInList = parent?.type === 'BlockStatement' || parent?.type === 'Program'
    if (isInList) put('statement removed', wholeLines(statement, source), '')
    else put('statement removed', statement, '{}')
  }

  switch (node.type) {
    case 'Program':
    case 'BlockStatement':
      for (const [i, one] of node.body.entries()) {
        const next = node.body[i + 1]
        if (next && canSwap(one, next, textOf))
          changes.push({
            operator: 'statements swapped',
            edits: [
              { start: one.start, end: one.end, text: textOf(next) },
              { start: next.start, end: next.end, text: textOf(one) },
            ],
          })
      }
      if (node.type === 'BlockStatement' && node.body.length > 1) put('block emptied', node, '{}')
      break
    case 'ExpressionStatement':
    case 'ThrowStatement':
    case 'ForOfStatement':
      remove(node)
      if (node.type === 'ForOfStatement') put('only the first', node.right, `[...${textOf(node.right)}].slice(0, 1)`)
      break
    case 'IfStatement':
      condition(node.test)
      break
    case 'ReturnStatement':
      if (node.argument === null) remove(node)
      else if (/^(?:Call|Unary|Await)Expression$/.test(node.argument.type)) {
        put('return dropped', node, textOf(node.argument))
        put('return without a value', node, 'return')
      }
      break
    case 'TryStatement':
      put('catch dropped', node, textOf(node.block))
      break
    case 'VariableDeclaration':
      changes.push(...hoisted(node, parent, source))
      break
    case 'ConditionalExpression':
      condition(node.test)
      break
    case 'LogicalExpression':
      keep('operand dropped', node, node.left, node.right)
      between('operator', node.left, node.right, node.operator, ...(OPERATORS.get(node.operator) ?? []))
      if (node.operator !== '??' && !isTested(parent)) put('condition', node, 'true', 'false')
      break
    case 'BinaryExpression':
      between('operator', node.left, node.right, node.operator, ...(OPERATORS.get(node.operator) ?? []))
      if (!COMPARISONS.has(node.operator)) keep('operand dropped', node, node.left, node.right)
      else if (!isTested(parent)) put('condition', node, 'true', 'false')
      break
    case 'AssignmentExpression':
      between('operator', node.left, node.right, node.operator, ...(OPERATORS.get(node.operator) ?? []))
      break
    case 'AssignmentPattern':
      put('default dropped', node, textOf(node.left))
      break
    case 'UnaryExpression':
      if (node.operator === '!' || node.operator === '-') keep('operator dropped', node, node.argument)
      break
    case 'UpdateExpression':
      put('operator', node, textOf(node).replace(node.operator, node.operator === '++' ? '--' : '++'))
      break
    case 'AwaitExpression':
      keep('await dropped', node, node.argument)
      break
    case 'Literal':
      put('constant', node, ...otherConstants(node.value, node.raw ?? ''))
      break
    case 'TemplateLiteral':
      for (const piece of piecesOf(node)) put('piece of a template dropped', piece, '')
      break
    case 'ArrayExpression':
      removeFrom('element removed', node.elements)
      break
    case 'ObjectExpression':
      removeFrom('property removed', node.properties)
      break
    case 'ArrowFunctionExpression':
      if (/^(?:Call|Assignment)Expression$/.test(node.body.type)) put('callback emptied', node.body, '{}')
      break
    case 'MemberExpression':
      if (node.optional) between('?. dropped', node.object, node.property, '?.', node.computed ? '' : '.')
      for (const name of NAMES.get(textOf(node.property)) ?? []) put('other function', node.property, name)
      break
    case 'CallExpression':
      for (const name of NAMES.get(textOf(node.callee)) ?? []) put('other function', node.callee, name)
      if (CONVERSIONS.has(textOf(node.callee)) && node.arguments[0]) keep('conversion dropped', node, node.arguments[0])
      if (/^Math\.(?:min|max)$/.test(textOf(node.callee))) keep('bound dropped', node, ...node.arguments)
      if (node.callee.type === 'MemberExpression') {
        const isInChain = parent?.type === 'MemberExpression' && node.callee.object.type !== 'Super'
        if (isInChain || STEPS.has(textOf(node.callee.property))) keep('call dropped', node, node.callee.object)
      }
      changes.push(...otherArguments(node, textOf))
      break
    default:
      break
  }
  return changes
}

/** True if the operators for this parent make the condition true and false already. */
const isTested = (parent: Node | null) => /^(?:IfStatement|(?:Conditional|Logical)Expression)$/.test(parent?.type ?? '')

/** True for a field that only describes something to people. */
export const isDescription = (node: object): boolean =>
  'key' in node && isNamed(node.key) && /^(?:summary|description)$/.test(node.key.name)

const isNamed = (key: unknown): key is { name: string } =>
  typeof key === 'object' && key !== null && 'name' in key && typeof key.name === 'string'

interface Span {
  readonly start: number
  readonly end: number
}

/** Expressions that need no parentheses in any place. */
const SIMPLE = /^(?:Identifier|Literal|TemplateLiteral|CallExpression|MemberExpression|ChainExpression|NewExpression)$/

/** The whole lines of a statement, with the line end, if nothing else stands in them. */
function wholeLines({ start, end }: Span, source: string): Span {
  const from = source.lastIndexOf('\n', start - 1) + 1
  const to = source.indexOf('\n', end)
  const isAlone = /^[ \t]*$/.test(source.slice(from, start)) && to >= 0 && /^[ \t]*$/.test(source.slice(end, to))
  return isAlone ? { start: from, end: to + 1 } : { start, end }
}

/** An item of a list with the comma after it, or before it if it is the last. */
function spanInList(list: readonly (Span | null)[], i: number, item: Span): Span {
  const next = list[i + 1]
  const last = list[i - 1]
  if (next) return { start: item.start, end: next.start }
  return last ? { start: last.end, end: item.end } : item
}

/** True if both do something, and the second one does not need a variable of the first one. */
function canSwap(one: Statement, next: Statement, textOf: (of: Span) => string): boolean {
  const kinds = /^(?:Expression|If|ForOf)Statement$/
  if (!kinds.test(one.type) && !kinds.test(next.type)) return false
  if (![one, next].every((it) => kinds.test(it.type) || it.type === 'VariableDeclaration')) return false
  if (![one, next].every((it) => /[(=]/.test(textOf(it)))) return false
  const names =
    one.type === 'VariableDeclaration' ? one.declarations.flatMap(({ id }) => textOf(id).match(/\w+/g) ?? []) : []
  const used = new Set(textOf(next).match(/\w+/g))
  const sharesNothing = !textOf(one)
    .match(/\w+/g)
    ?.some((name) => used.has(name))
  const isPlain = [one, next].some((it) => it.type === 'VariableDeclaration' && !textOf(it).includes('await'))
  if (sharesNothing && isPlain) return false
  // Two long statements are mostly two handlers. Their order has no effect.
  if ([one, next].every((it) => textOf(it).split('\n').length > 2)) return false
  return textOf(one) !== textOf(next) && !names.some((name) => used.has(name))
}

/** Moves a variable of a function to the top of the file, where all calls share it. */
function hoisted(node: Declaration, parent: Node | null, source: string): readonly Mutation[] {
  const [first] = node.declarations
  if (parent?.type !== 'BlockStatement' || node.declarations.length !== 1 || !first) return []
  const isPlain =
    (node.kind === 'let' && (first.init === null || first.init.type === 'Literal')) ||
    (first.init?.type === 'NewExpression' && first.init.arguments.length === 0)
  if (!isPlain) return []
  const start = source.search(/^(?:export )?(?:const|function|let|class|type|interface)\b/m)
  const line = wholeLines(node, source)
  const text = `${source.slice(node.start, node.end)}\n`
  return [
    {
      operator: 'shared by all calls',
      edits: [
        { start, end: start, text },
        { ...line, text: '' },
      ],
    },
  ]
}

function otherConstants(value: unknown, raw: string): readonly string[] {
  if (typeof value === 'number') {
    const scaled = value < 10 ? [] : [value >= 1000 ? value / 1000 : value * 1000]
    return [value + 1, value - 1, 0, ...scaled]
      .filter((other) => other !== value)
      .map((it) => (it < 0 ? `(${it})` : `${it}`))
  }
  if (typeof value === 'boolean') return [String(!value)]
  if (typeof value === 'string') return value === '' ? ["'x'"] : ["''", `${raw.slice(0, -1)}x${raw.slice(-1)}`]
  return value instanceof RegExp ? otherPatterns(raw) : []
}

/** A regular expression without one of its flags, without an anchor, or with another number of repetitions. */
function otherPatterns(raw: string): readonly string[] {
  const slash = raw.lastIndexOf('/')
  const [body, flags] = [raw.slice(0, slash), raw.slice(slash)]
  const parts = Array.from(body.matchAll(/\\.|[\^$+*?]/g), ({ 0: part, index }) => ({ part, index }))
  return [
    ...Array.from(flags.slice(1), (flag) => body + flags.replace(flag, '')),
    ...(flags.includes('i') ? [] : [`${raw}i`]),
    ...parts
      .filter(({ part }) => part.length === 1)
      .map(({ part, index }) => body.slice(0, index) + body.slice(index + part.length) + flags),
  ]
}

/** The fixed texts of a template, and its expressions with their marks. */
function piecesOf({ quasis, expressions }: Template): readonly Span[] {
  const fixed = quasis.filter(({ value }) => value.raw !== '')
  // A parser may count the marks to the fixed text or not, so the places follow from the text itself.
  const spans = fixed.map(({ start, end, value }) => {
    const at = start + (end - start - value.raw.length > 0 ? 1 : 0)
    return { start: at, end: at + value.raw.length }
  })
  return [...spans, ...expressions.map(({ start, end }) => ({ start: start - 2, end: end + 1 }))]
}

/** Two arguments exchanged, or the last one missing. */
function otherArguments({ callee, arguments: all }: Call, textOf: (of: Span) => string): readonly Mutation[] {
  if (textOf(callee).startsWith('Math.')) return []
  const changes: Mutation[] = []
  for (const [i, one] of all.entries()) {
    const next = all[i + 1]
    if (!next || [one, next].some(({ type }) => /Function|Spread/.test(type))) continue
    changes.push({
      operator: 'arguments swapped',
      edits: [
        { start: one.start, end: one.end, text: textOf(next) },
        { start: next.start, end: next.end, text: textOf(one) },
      ],
    })
  }
  const [before, last] = all.slice(-2)
  if (before && last && !/Function/.test(last.type))
    changes.push({ operator: 'last argument dropped', edits: [{ start: before.end, end: last.end, text: '' }] })
  return changes
}
