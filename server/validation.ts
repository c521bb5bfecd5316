import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

const NUMBER = /^-?\d+(\.\d+)?$/

/**
 * Checks what comes against a route's schema. A query knows only text, so what looks like a
 * decimal number is read as one there, and nothing else is bent to fit: neither `wait=true`
 * nor `limit=1.5`, and nothing in a body.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema)
  return (value) => {
    const read = httpPart === 'querystring' ? withNumbers(schema, value) : value
    if (check.Check(read)) return { value: read }
    return { error: check.Errors(read) }
  }
}

function withNumbers(schema: TSchema, query: Record<string, unknown>): Record<string, unknown> {
  const { properties = {} }: { properties?: Record<string, { type?: string }> } = schema
  const read = ([name, value]: [string, unknown]): [string, unknown] => {
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined
    const isNumber = (type === 'number' || type === 'integer') && typeof value === 'string' && NUMBER.test(value)
    return [name, isNumber ? Number(value) : value]
  }
  return Object.fromEntries(Object.entries(query).map(read))
}
