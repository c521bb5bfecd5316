/** Reads --header. */
import { CompareError } from './trouble.ts'

/** Fields that the clients write themselves. */
const OWN_FIELDS = /^(?:connection|content-length|transfer-encoding|upgrade|sec-websocket-(?:key|version|extensions))$/i

/** Throws `CompareError`. The value of a field may be a secret, so no error shows it. */
export function headersOf(texts: readonly string[]): Readonly<Record<string, string>> {
  const fields = texts.map((text) => {
    const [, name = '', value = ''] = /^([!#$%&'*+.^`|~\w-]+):[ \t]*([\t\x20-\x7e\x80-\xff]+)$/.exec(text) ?? []
    if (name === '')
      throw new CompareError(
        'A --header lacks a name, a colon or a value. Write it as in --header "Authorization: Bearer KEY".',
      )
    if (OWN_FIELDS.test(name))
      throw new CompareError(`--header sets "${name}", which the clients set themselves. Leave it out.`)
    return [name, value] as const
  })
  return Object.fromEntries(fields)
}
