#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the JSON hosts of this folder whose shape follows from a few facts (README.md says where
the facts come from). Run it in this folder; the files are committed, so that tests need no Python."""
import json


def ranges(numbers):
    """[0, 1, 2, 8] -> '0-2,8'"""
    out, numbers = [], sorted(numbers)
    for n in numbers:
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ','.join(f'{a}-{b}' if b > a else str(a) for a, b in out)


def pages(mem_kib, free_kib, huge=()):
    """4 KiB pages are what the huge pages leave; huge = (size_kib, total, used)..."""
    rest = mem_kib - sum(size * total for size, total, _ in huge)
    free = free_kib - sum(size * (total - used) for size, total, used in huge)
    rows = [{'size_kib': 4, 'total': rest // 4, 'used': (rest - free) // 4}]
    return rows + [{'size_kib': s, 'total': t, 'used': u} for s, t, u in huge]


def cell(ident, cpus, mem_kib, free_kib, siblings=(), huge=(), socket=None, l3=(), **more):
    c = {'id': ident, 'cpus': ranges(cpus), 'pcpus': ranges(cpus)}
    if siblings:
        c['siblings'] = [ranges(s) for s in siblings]
    if l3:
        c['l3'] = [ranges(s) for s in l3]
    if socket is not None:
        c['socket'] = socket
    c['mem_mib'], c['mem_used_mib'] = mem_kib >> 10, (mem_kib - free_kib) >> 10
    if mem_kib % 1024:
        c['mem_kib'] = mem_kib
    if (mem_kib - free_kib) % 1024:
        c['mem_used_kib'] = mem_kib - free_kib
    c.update(cpu_usage=0, pinned='', **more)
    if mem_kib:
        c['pages'] = pages(mem_kib, free_kib, huge)
    return c


def write(name, cells, distances=None, **more):
    """One line for each cell, row and device, as `vnuma host -o json` writes them."""
    def block(rows):
        return '[\n' + ',\n'.join('  ' + json.dumps(row) for row in rows) + '\n ]'

    parts = ['"schema": "vnuma/host/1"', '"cells": ' + block(cells)]
    if distances:
        parts.append('"distances": ' + block(distances))
    for key, value in more.items():
        parts.append(f'"{key}": ' + (block(value) if isinstance(value, list) else json.dumps(value)))
    with open(name, 'w') as f:
        f.write('{' + ',\n '.join(parts) + '}\n')


def slit(n, distance):
    return [[10 if i == j else distance(i, j) for j in range(n)] for i in range(n)]


def e7_8895v2():
    size, free = (128602, 129018, 129018, 128985), (125954, 118358, 123758, 127365)
    cells = []
    for n in range(4):
        cores = range(n * 15, n * 15 + 15)
        cpus = [c + t for t in (0, 60) for c in cores]
        cells.append(cell(n, cpus, size[n] << 10, free[n] << 10, [(c, c + 60) for c in cores],
                          socket=n, l3=[cpus]))
    nic = {'address': '0000:41:00.0', 'vendor_id': '8086', 'product_id': '1528', 'class': '0200',
           'node': 1, 'iommu_group': 40, 'names': ['enp65s0f0', 'uteng0']}
    write('e7-8895v2.json', cells, slit(4, lambda i, j: 21), devices=[nic])


def opteron_6164():
    # 8 and 16 GiB in turn; 16 within a package and to every other node of the same parity
    def hops(i, j):
        return 16 if i // 2 == j // 2 or (i + j) % 2 == 0 else 22
    gib = 1 << 20
    cells = [cell(n, range(n * 6, n * 6 + 6), (8, 16)[n % 2] * gib, (8, 16)[n % 2] * gib - 262144,
                  socket=n // 2, l3=[range(n * 6, n * 6 + 6)]) for n in range(8)]
    write('opteron-6164.json', cells, slit(8, hops))


def freecell():
    free = (2203620, 3354784)
    cells = [cell(n, range(n * 4, n * 4 + 4), 4 << 20, free[n], socket=n) for n in range(2)]
    write('freecell.json', cells)


def nova_talk():
    mem = 4047764
    cells = [cell(n, range(n * 4, n * 4 + 4), mem, mem, huge=[(2048, 25, 0)], socket=n)
             for n in range(2)]
    write('nova-talk.json', cells, slit(2, lambda i, j: 20))


def quad():
    rows = {(0, 1): 12, (0, 2): 20, (0, 3): 22, (1, 2): 22, (1, 3): 20, (2, 3): 12}
    mem = 1536 << 10
    cells = [cell(n, range(n * 4, n * 4 + 4), mem, mem - (64 << 10), socket=n,
                  l3=[range(n * 4, n * 4 + 4)]) for n in range(4)]
    write('quad.json', cells, slit(4, lambda i, j: rows[min(i, j), max(i, j)]))


def odd():
    rows = {(0, 1): 21, (0, 2): 21, (0, 3): 31, (1, 2): 11, (1, 3): 17, (2, 3): 17}
    gib = 1 << 20
    cells = [
        cell(0, range(0, 4), gib * 3 // 2, gib * 3 // 2 - 65536, [(0, 1), (2, 3)], socket=0,
             l3=[range(0, 4)]),
        cell(1, (4, 5), gib * 3 // 2, gib * 3 // 2 - 65536, [(4, 5)], socket=1, l3=[range(4, 8)]),
        cell(2, (6, 7), 0, 0, [(6, 7)], socket=1),
        cell(3, (), gib, gib - 32768),
    ]
    latency = [[80, 0, 0, 0], [0, 80, 0, 250], [0] * 4, [0] * 4]
    bandwidth = [[102400, 0, 0, 0], [0, 102400, 0, 30720], [0] * 4, [0] * 4]
    nic = {'address': '0000:81:00.0', 'vendor_id': '1af4', 'product_id': '1041', 'class': '0200',
           'node': 1, 'names': ['eth0']}
    write('odd.json', cells, slit(4, lambda i, j: rows[min(i, j), max(i, j)]), latency_ns=latency,
          bandwidth_mibs=bandwidth, devices=[nic])


def octo():
    def hops(i, j):
        return 16 if i // 2 == j // 2 or (i + j) % 2 == 0 else 22
    mem = 768 << 10
    cells = [cell(n, (n * 2, n * 2 + 1), mem, mem - 32768, socket=n // 2) for n in range(8)]
    write('octo.json', cells, slit(8, hops))


def epyc_256():
    gib = 1 << 20
    cells = []
    for n in range(8):
        cores = range(n * 16, n * 16 + 16)
        l3 = [[c + t for t in (0, 128) for c in range(first, first + 8)]
              for first in (n * 16, n * 16 + 8)]
        cells.append(cell(n, [c + t for t in (0, 128) for c in cores], 64 * gib, 62 * gib,
                          [(c, c + 128) for c in cores], huge=[(2048, 8192, 0), (1048576, 16, 0)],
                          socket=n // 4, l3=l3))
    devices = [{'address': f'0000:{0x21 + 0x20 * i:02x}:00.0', 'vendor_id': '15b3', 'product_id': '101d',
                'class': '0200', 'node': i, 'iommu_group': 10 + i, 'names': [f'enp{0x21 + 0x20 * i}s0']}
               for i in (1, 6)]
    write('epyc-256.json', cells, slit(8, lambda i, j: 12 if i // 4 == j // 4 else 32), devices=devices)


def sparse_ids():
    ids = (0, 1, 2, 33, 34, 45, 72, 73)
    gib = 1 << 20
    cells = []
    for n, ident in enumerate(ids):
        cpus = range(n * 12, n * 12 + 12, 2)
        cells.append(cell(ident, cpus, (12 if n else 11) * gib, (12 if n else 11) * gib - 524288,
                          huge=[(2048, 64 * n, 8 * n)], socket=n // 2, l3=[cpus]))
    write('sparse-ids.json', cells, slit(8, lambda i, j: 16 if i // 2 == j // 2 or (i + j) % 2 == 0 else 22),
          offline='96-99')


for make in (e7_8895v2, opteron_6164, freecell, nova_talk, quad, odd, octo, epyc_256, sparse_ids):
    make()
