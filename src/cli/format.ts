/** Bytes for people: `1.7 GB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[power]}`;
}

/** Seconds for people: `4 s`, `3 min 20 s`, `1 h 5 min`. */
export function secondsText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Text from a file of strangers, safe to print: no control characters, not too long. */
export function printable(text: string, longest = 200): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return clean.length > longest ? `${clean.slice(0, longest)}… (${clean.length} characters)` : clean;
}

/** Rows as aligned columns. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (found, row) => row.map((cell, i) => Math.max(found[i] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One line of JSON. Typed arrays, which are pictures and latents, are left out; sets become lists. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (ArrayBuffer.isView(each)) return undefined;
    return each instanceof Set ? [...each] : each;
  });
}
