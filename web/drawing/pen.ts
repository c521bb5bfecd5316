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

/** The part of a canvas's pen that the ladder uses. svg-pen.ts implements it for SVG. */
export interface Pen extends Pick<CanvasRenderingContext2D, Used> {
  /** Paint for slanted thin lines. Only a pen that cannot draw bitmaps has it. */
  hatched?(colour: string): string
}
