export interface Blanking {
  /** Blanks what stands between quotes too. */
  readonly strings: boolean;
}

/**
 * TypeScript with its comments, and its strings if wanted, turned into spaces, so that a search finds code alone and
 * every position stays what it was. Code inside `${}` stays. A regular expression counts as a string.
 */
export function codeOnly(text: string, { strings }: Blanking): string {
  const out = text.split('');
  /** Open braces in each template that the reader is inside of, innermost last. */
  const templates: number[] = [];
  let at = 0;
  let before = '';

  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  const skipTo = (end: number, isComment: boolean): void => {
    if (isComment || strings) blank(isComment ? at : at + 1, isComment ? end : end - 1);
    if (!isComment) before = '"';
    at = end;
  };

  while (at < text.length) {
    const char = text[at] as string;
    if (text.startsWith('//', at)) skipTo(endOr(text.indexOf('\n', at), text.length), true);
    else if (text.startsWith('/*', at)) skipTo(endOr(text.indexOf('*/', at + 2) + 2, text.length, 1), true);
    else if (char === "'" || char === '"') skipTo(quoteEnd(text, at, char), false);
    else if (char === '/' && mayBeginRegex(before)) skipTo(regexEnd(text, at), false);
    else if (char === '`' || (char === '}' && templates.at(-1) === 0)) {
      if (char === '}') templates.pop();
      const end = templateEnd(text, at + 1);
      if (text[end - 1] === '{') templates.push(0);
      if (strings) blank(at + 1, text[end - 1] === '{' ? end - 2 : end - 1);
      before = text[end - 1] === '{' ? '{' : '"';
      at = end;
    } else {
      if (templates.length > 0 && char === '{') templates[templates.length - 1] = (templates.at(-1) as number) + 1;
      if (templates.length > 0 && char === '}') templates[templates.length - 1] = (templates.at(-1) as number) - 1;
      if (!/\s/.test(char)) before = /[\w$]/.test(char) && /[\w$]/.test(text[at - 1] ?? '') ? before + char : char;
      at++;
    }
  }
  return out.join('');
}

function endOr(found: number, otherwise: number, least = 0): number {
  return found < least ? otherwise : found;
}

function quoteEnd(text: string, from: number, quote: string): number {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote || text[i] === '\n') return i + 1;
  }
  return text.length;
}

/** After the closing backtick, or after the `${` that opens code again. */
function templateEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '`') return i + 1;
    else if (text.startsWith('${', i)) return i + 2;
  }
  return text.length;
}

function regexEnd(text: string, from: number): number {
  let inClass = false;
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '\n') return i;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '/' && !inClass) return i + 1;
  }
  return text.length;
}

/** A slash divides after a value and begins an expression everywhere else. */
function mayBeginRegex(before: string): boolean {
  return (
    before === '' || !/^(?:[\w$]|[)\]}"])/.test(before) || /^(?:return|typeof|case|in|of|void|await)$/.test(before)
  );
}
