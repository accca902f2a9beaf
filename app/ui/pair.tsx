import type { VNode } from 'preact';

/** A name and its number on one line of a list of them. */
export function Pair({ name, value }: { readonly name: string; readonly value: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
