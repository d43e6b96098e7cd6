/** The lines that only one of two texts has, `-` for the first and `+` for the second; '' when both are the same. */
export function lineDifference(first: string, second: string, atMost = 20): string {
  if (first === second) return '';
  const [a, b] = [first.split('\n'), second.split('\n')];
  const lines = [
    ...a.filter((line) => !b.includes(line)).map((line) => `- ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`),
  ];
  if (lines.length === 0) return 'the same lines in another order';
  const rest = lines.length > atMost ? [`… and ${lines.length - atMost} more`] : [];
  return [...lines.slice(0, atMost), ...rest].join('\n');
}
