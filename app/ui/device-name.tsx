import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';

/** As long as a name that fits a card on a small phone. */
const LONGEST = 32;

/** A device's name; one's own can be changed in place. */
export function DeviceName({
  name,
  mine,
  rename,
}: {
  readonly name: string;
  readonly mine: boolean;
  readonly rename: (name: string) => void;
}): VNode {
  const box = useRef<HTMLInputElement>(null);
  if (!mine) return <span class="device-name">{name}</span>;
  const commit = (): void => {
    const wanted = box.current?.value.trim() ?? '';
    if (wanted && wanted !== name) rename(wanted);
    else if (box.current) box.current.value = name;
  };
  return (
    <input
      ref={box}
      class="device-name"
      aria-label="Name of this device"
      title="Change the name of this device"
      defaultValue={name}
      key={name}
      maxLength={LONGEST}
      spellcheck={false}
      autocomplete="off"
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur();
        if (event.key === 'Escape') {
          event.currentTarget.value = name;
          event.currentTarget.blur();
        }
      }}
    />
  );
}
