// What the panel's trimming takes for blank: white space, and characters that show nothing. The sets are
// Unicode's own properties, plus the few that only look empty (fillers, the blank braille pattern).
const blank = '[\\s\\0\\p{Default_Ignorable_Code_Point}\\p{Cf}\\u2800]';
// The look back keeps a long run of blanks inside the text from being tried at each of its characters.
const edges = new RegExp(`^${blank}+|(?<!${blank})${blank}+$`, 'gu');

/** Cuts white space and invisible characters off both ends, as the panel does with every input string. */
export function trimInput(text: string): string {
  return text.replace(edges, '');
}
