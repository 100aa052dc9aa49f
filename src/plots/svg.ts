/** An element of SVG. Attributes and text are escaped; children are elements already. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly string[]
): string {
  const given = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escaped(attributeText(value))}"`,
  );
  const start = `<${name}${given.join('')}`;
  return children.length === 0 ? `${start}/>` : `${start}>${children.join('')}</${name}>`;
}

/** What an {@link svgDocument} is. */
export interface SvgDocument {
  /** Begins the ids in it: a page may hold several documents. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Names it; not drawn. */
  readonly title: string;
  /** Says what is to be seen, for those who do not see it. */
  readonly description: string;
}

/** A whole drawing with its own background, so that it can be read on light and dark pages. */
export function svgDocument(
  { name, width, height, title, description }: SvgDocument,
  ...children: readonly string[]
): string {
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-labelledby': `${name}-title ${name}-desc`,
      'font-family': 'system-ui, sans-serif',
      'font-size': 13,
      fill: '#1f2328',
    },
    element('title', { id: `${name}-title` }, escaped(title)),
    element('desc', { id: `${name}-desc` }, escaped(description)),
    element('rect', { width, height, fill: '#ffffff' }),
    ...children,
  );
}

/** Text for between tags or quotes. Characters that XML has no way to say are taken out. */
export function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** Hundredths of a pixel are enough. */
function attributeText(value: string | number): string {
  return typeof value === 'string' ? value : String(Number(value.toFixed(2)));
}
