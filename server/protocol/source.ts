/** Types of the source code that the page shows. */

/** `GET /source/PATH`: a file of the repository as it runs, split into lines of coloured pieces. */
export interface Source {
  readonly path: string
  readonly lines: readonly (readonly SourcePiece[])[]
}

/** `kind` tells how it is set: comment (italic), keyword (bold), string (underlined), or plain. */
export interface SourcePiece {
  readonly kind: 'comment' | 'keyword' | 'string' | 'plain'
  readonly text: string
}
