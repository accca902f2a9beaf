/** Ends of this length are looked up, longer ones first: what they agree on is likelier to go on alike. */
const LONGEST = 4;
const SHORTEST = 2;

/**
 * A guess at what comes next, at most `most` tokens: what came after the last place where the text ended as it ends
 * now. Costs no model (Saxena 2023, "prompt lookup decoding"). Empty where the end is new.
 */
export function lookUp(tokens: readonly number[], most: number): readonly number[] {
  for (let size = Math.min(LONGEST, tokens.length - 1); size >= SHORTEST; size--) {
    const end = tokens.slice(-size);
    for (let at = tokens.length - size - 1; at >= 0; at--) {
      if (end.every((token, i) => tokens[at + i] === token)) return tokens.slice(at + size, at + size + most);
    }
  }
  return [];
}
