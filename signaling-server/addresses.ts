import { hostname, type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Containers, virtual machines and tunnels: a phone on the same Wi-Fi reaches none of them. */
const VIRTUAL =
  /^(docker|veth|br-|virbr|vmnet|vboxnet|vEthernet|utun|tun|tap|tailscale|wg|zt|lxc|cni|podman)/i;
const LINK_LOCAL = /^(169\.254\.|fe[89ab])/i;

/** Addresses under which other devices may reach this machine, the likeliest first; IPv4 before IPv6. */
export function lanAddresses(interfaces: Interfaces = networkInterfaces()): string[] {
  const found = Object.entries(interfaces).flatMap(([name, infos = []]) =>
    infos
      .filter((info) => !info.internal && !LINK_LOCAL.test(info.address))
      .map(({ address, family }) => ({
        address,
        rank: (VIRTUAL.test(name) ? 2 : 0) + (family === 'IPv4' ? 0 : 1),
      })),
  );
  // Sorting is stable: within a rank the system's own order stays.
  return found.sort((a, b) => a.rank - b.rank).map(({ address }) => address);
}

/** Every name and address that a certificate for this machine should hold. */
export function ownNames(interfaces: Interfaces = networkInterfaces(), host: string = hostname()): string[] {
  const name = host.toLowerCase().replace(/\.local$/, '');
  // Names with other characters are legal for some systems, not for certificates.
  const names = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) ? [name, `${name}.local`] : [];
  return [...new Set(['localhost', ...names, '127.0.0.1', '::1', ...lanAddresses(interfaces)])];
}

/** `host` as it stands in an address: IPv6 in brackets. */
export function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
