/** Types of the source code that the page shows. */

/** Response of `GET /source/PATH`: a file of the repository, split into lines of coloured pieces. */
export interface Source {
  readonly path: string
  readonly lines: readonly (readonly SourcePiece[])[]
}

/**
 * Piece of a line. Its `kind` decides how the page shows it: comment (italic), keyword (bold), string (underlined),
 * or plain.
 */
export interface SourcePiece {
  readonly kind: 'comment' | 'keyword' | 'string' | 'plain'
  readonly text: string
}
