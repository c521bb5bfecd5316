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

/** As much of a canvas's pen as the ladder uses. Another one writes what it draws (svg-pen.ts). */
export interface Pen extends Pick<CanvasRenderingContext2D, Used> {
  /** Of one that takes no bitmaps: the paint for slanted hairlines in a colour. */
  hatched?(colour: string): string
}
