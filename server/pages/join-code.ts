import Type from 'typebox'
import { PRICES } from '../access/prices.ts'
import type { App } from '../http/app-type.ts'
import { FeedError } from '../http/errors.ts'
import { FRESH } from '../http/rendered.ts'
import { qrCode } from '../start/qr-code.ts'

const schema = {
  summary: 'QR code of an address at which the class joins, as SVG',
  querystring: Type.Object({
    at: Type.Optional(Type.Integer({ minimum: 0, description: 'number of the address, from 0 (default)' })),
  }),
}

/**
 * Serves `GET /stage/qr.svg`. The addresses are those that the server knows from its start. Nothing of the request
 * becomes a part of the code: otherwise a link could show a class the code of another site. `draw` returns the SVG of a
 * text.
 */
export function serveJoinCode(
  app: App,
  addresses: () => readonly string[],
  draw: (text: string) => string = (text) => qrCode(text).svg,
): void {
  /** The code of each address. To draw one takes as much time as twenty requests for a file. */
  const drawn = new Map<string, string>()

  app.get(
    '/stage/qr.svg',
    { schema, config: { access: 'public', price: PRICES.file } },
    async ({ query: { at = 0 } }, reply) => {
      const known = addresses()
      const address = known[at]
      if (address === undefined)
        throw new FeedError(
          'not-found',
          `This server has no join address with the number ${at}. It knows ${known.length} of them, from number 0.`,
        )
      const svg = drawn.get(address) ?? draw(address)
      drawn.set(address, svg)
      return reply.headers({ 'content-type': 'image/svg+xml', ...FRESH }).send(svg)
    },
  )
}
