import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';

/** Something one tap deeper. It is made when it is opened, so its code may come then. */
export function Details({
  title,
  testId,
  children,
}: {
  readonly title: string;
  readonly testId?: string;
  readonly children: ComponentChildren;
}): VNode {
  const [open, setOpen] = useState(false);
  return (
    <details class="why" data-testid={testId} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && children}
    </details>
  );
}
