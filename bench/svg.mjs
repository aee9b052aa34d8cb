// What the comparisons' charts are drawn with: text, boxes and lines, and the picture around them.
import { writeFileSync } from 'node:fs';

export const width = 960;
export const ink = '#1c2530';
export const faint = '#5b6673';

export const escape = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
export const text = (x, y, body, { size = 14, fill = ink, anchor = 'start', weight = 400 } = {}) =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}" font-weight="${weight}">${escape(body)}</text>`;
export const box = (x, y, w, h, fill) => `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(w, 1).toFixed(1)}" height="${h}" fill="${fill}"/>`;
export const line = (x1, y1, x2, y2, stroke) => `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${stroke}"/>`;
export const grouped = (value) => Math.round(value).toLocaleString('en-US');

// Writes the file. White behind it, so that it can be read on a dark page as well.
export function picture(file, title, subtitle, height, body) {
  writeFileSync(file, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, Verdana, sans-serif" role="img" aria-label="${escape(title)}">
<rect width="${width}" height="${height}" fill="#ffffff"/>
${text(24, 30, title, { size: 18, weight: 700 })}
${text(24, 50, subtitle, { size: 12, fill: faint })}
${body.join('\n')}
</svg>
`);
}
