/** Lists of people as they come: out of a spreadsheet, a mail program, or typed. */
import { describe, expect, test } from 'vitest'
import { readPeople } from './read-people.ts'

const short = (text: string) =>
  readPeople(text).map(({ line, name, email, role, wrong }) => [line, name, email, role, wrong.map(({ field }) => field).join()])

describe('a table', () => {
  test.each([
    ['commas', 'name,email,role\nErin Vogel,erin@acme.test,admin\nFrank,frank@acme.test,'],
    ['semicolons', 'name;email;role\nErin Vogel;erin@acme.test;admin\nFrank;frank@acme.test;'],
    ['tabs, as from a spreadsheet', 'name\temail\trole\r\nErin Vogel\terin@acme.test\tadmin\r\nFrank\tfrank@acme.test\t\r\n'],
    [
      'headers in any order and case, and columns that nobody needs',
      'Role,Team,E-Mail,Name\nAdministrator,x,erin@acme.test,Erin Vogel\nmember,y,frank@acme.test,Frank',
    ],
    ['a byte order mark, quotes and spaces', '\ufeffName , Email, Role\n"Erin Vogel", ERIN@acme.test ,admin\n"Frank",frank@acme.test,user'],
  ])('with %s', (_, text) => {
    expect(short(text)).toEqual([
      [2, 'Erin Vogel', 'erin@acme.test', 'admin', ''],
      [3, 'Frank', 'frank@acme.test', 'user', ''],
    ])
  })

  test('keeps a comma or a line break within quotes, and says the line on which an entry ends', () => {
    expect(short('name,email\n"Vogel, Erin",erin@acme.test\n')).toEqual([[2, 'Vogel, Erin', 'erin@acme.test', 'user', '']])
    expect(short('name,email\n"Vogel\nErin",erin@acme.test\n')).toEqual([[3, 'Vogel\nErin', 'erin@acme.test', 'user', 'name']])
  })

  test('without a name, or with one that is missing in a line, takes it from the address', () => {
    expect(short('email\nerin.vogel@acme.test')).toEqual([[2, 'Erin Vogel', 'erin.vogel@acme.test', 'user', '']])
    expect(short('name,email\n,frank@acme.test')).toEqual([[2, 'Frank', 'frank@acme.test', 'user', '']])
  })

  test('says what is wrong of each line, and of no other', () => {
    expect(
      short(
        ['name,email,role', 'Erin,erin@acme.test,king', 'No Address,acme,', 'Erin,erin@acme.test,', 'Erin Again,Erin@ACME.test,'].join(
          '\n',
        ),
      ),
    ).toEqual([
      [2, 'Erin', 'erin@acme.test', 'king', 'role'],
      [3, 'No Address', 'acme', 'user', 'email'],
      [4, 'Erin', 'erin@acme.test', 'user', ''],
      [5, 'Erin Again', 'erin@acme.test', 'user', 'twice'],
    ])
  })
})

describe('pasted addresses', () => {
  test('are read one per line, with names or without', () => {
    expect(short('erin.vogel@acme.test\n\nFrank Weiss <frank@acme.test>\n"Hall, Grace" <grace@acme.test>\nnobody')).toEqual([
      [1, 'Erin Vogel', 'erin.vogel@acme.test', 'user', ''],
      [3, 'Frank Weiss', 'frank@acme.test', 'user', ''],
      [4, 'Hall, Grace', 'grace@acme.test', 'user', ''],
      [5, 'nobody', '', 'user', 'email'],
    ])
  })

  test.each([', ', '; '])('are read beside one another, divided by “%s”', (sign) => {
    expect(short(['erin@acme.test', 'Frank Weiss <frank@acme.test>', 'grace@acme.test'].join(sign))).toEqual([
      [1, 'Erin', 'erin@acme.test', 'user', ''],
      [1, 'Frank Weiss', 'frank@acme.test', 'user', ''],
      [1, 'Grace', 'grace@acme.test', 'user', ''],
    ])
  })

  test('are read from cells without headers', () => {
    expect(short('Erin Vogel;erin@acme.test;admin\nfrank@acme.test;Frank Weiss')).toEqual([
      [1, 'Erin Vogel', 'erin@acme.test', 'admin', ''],
      [2, 'Frank Weiss', 'frank@acme.test', 'user', ''],
    ])
  })
})

test('nothing is read from nothing, and a quote that is never closed loses nobody', () => {
  expect(readPeople('')).toEqual([])
  expect(readPeople(' \n\n')).toEqual([])
  expect(short('name,email\n"Erin,erin@acme.test\nFrank,frank@acme.test').map(([, , email]) => email)).toEqual([
    'erin@acme.test',
    'frank@acme.test',
  ])
})
