/** Types of the source code that a page shows. */

/** Response of `GET /source/PATH`: a file of the repository, split into lines of coloured pieces. */
export interface Source {
  readonly path: string
  readonly lines: readonly (readonly SourcePiece[])[]
}

/**
 * A piece of a line of source code. `kind` decides how the page shows the piece: a comment is italic, a keyword is
 * bold, a string is underlined, and any other text is plain.
 */
export interface SourcePiece {
  readonly kind: 'comment' | 'keyword' | 'string' | 'plain'
  readonly text: string
}
