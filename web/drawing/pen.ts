type Used =
  | 'arc'
  | 'beginPath'
  | 'clip'
  | 'closePath'
  | 'drawImage'
  | 'fill'
  | 'fillRect'
  | 'fillStyle'
  | 'fillText'
  | 'font'
  | 'createPattern'
  | 'lineTo'
  | 'lineWidth'
  | 'measureText'
  | 'moveTo'
  | 'rect'
  | 'restore'
  | 'save'
  | 'setLineDash'
  | 'stroke'
  | 'strokeRect'
  | 'strokeStyle'
  | 'textAlign'
  | 'textBaseline'

/** The part of a canvas's drawing context that the ladder uses. svg-pen.ts implements the same part for SVG. */
export interface Pen extends Pick<CanvasRenderingContext2D, Used> {
  /** Returns a paint that draws thin slanted lines. Only a pen that cannot draw bitmaps has this method. */
  hatched?(colour: string): string
}
