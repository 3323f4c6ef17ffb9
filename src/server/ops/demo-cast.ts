/** Who is in the demonstration, and what they have written: two organisations with ordinary work in them. */
import type { NewAccount } from '../auth/accounts.ts'

export interface DemoChat {
  readonly description: string
  readonly daysAgo: number
  /** Question and answer in turn. */
  readonly messages: readonly string[]
}

export interface DemoPerson extends NewAccount {
  readonly chats: readonly DemoChat[]
}

export interface DemoOrganisation {
  readonly slug: string
  readonly name: string
  readonly people: readonly DemoPerson[]
}

const alice: DemoPerson = {
  name: 'Alice Moreau',
  email: 'alice@acme.test',
  role: 'user',
  chats: [
    {
      description: 'Budget Discussion',
      daysAgo: 0,
      messages: [
        'Notes from the finance review: the Q1 budget is €412,000. Contractors were planned at €60,000 in Q4 and came to €74,250. Cloud hosting was planned at €38,000 and came to €41,900. Can you sum up where we overspent?',
        'Two lines ended Q4 above plan:\n\n| Line | Planned | Spent | Over |\n| --- | ---: | ---: | ---: |\n| Contractors | 60,000 | 74,250 | +14,250 |\n| Cloud hosting | 38,000 | 41,900 | +3,900 |\n\nTogether that is **€18,150** above plan. The Q1 budget is €412,000.',
        'The contractors stayed two extra months for the migration, agreed on 14 November. Write one sentence about it for the board.',
        'Contractor costs ended €14,250 above plan because two further months of work on the migration were agreed on 14 November.',
      ],
    },
    {
      description: 'Project Planning',
      daysAgo: 1,
      messages: [
        'Draft milestones for the warehouse project: it starts on 12 January, the pilot in Lyon opens on 2 March, and everything is to be live by 30 April.',
        'A first plan:\n\n1. **12 January**: start, team of five, requirements frozen after two weeks\n2. **9 February**: scanners and shelving delivered to Lyon\n3. **2 March**: pilot in Lyon opens\n4. **30 March**: review of the pilot, decision on the other three sites\n5. **30 April**: everything live',
        'Who needs to sign off the pilot review?',
        'From what you have written here I can’t tell: no names are mentioned. Usually it is whoever owns the budget and whoever runs the site, so for Lyon that would be two people.',
      ],
    },
    {
      description: 'Letter to the landlord about the heating',
      daysAgo: 5,
      messages: [
        'The heating on the second floor has failed three times since October. Write a polite but firm letter to the landlord.',
        'Dear Sir or Madam,\n\nSince October the heating on the second floor of our premises has failed three times. Each failure left our staff without heating for at least a day.\n\nPlease have the installation repaired within fourteen days, and let us know the date on which somebody will come.\n\nYours faithfully',
      ],
    },
  ],
}

const bob: DemoPerson = {
  name: 'Bob Okafor',
  email: 'bob@acme.test',
  role: 'user',
  chats: [
    {
      description: 'Sales Strategy',
      daysAgo: 0,
      messages: [
        'We want to win four mid-size hospitals next year. Our discount floor is 12 percent; nobody outside sales may know it. Which order would you approach them in?',
        'Begin with those whose contracts end soonest, since a change costs them least then. Among equals, take the one where you know somebody in procurement. Keep the 12 percent for the last round.',
      ],
    },
    {
      description: 'Client Meeting',
      daysAgo: 2,
      messages: [
        'Agenda for the meeting with St Anne’s on Thursday: renewal, the two open complaints, and training for the night shift.',
        'A possible order for an hour:\n\n- 10 min: how the two complaints were resolved\n- 25 min: renewal, with the figures of this year\n- 15 min: training for the night shift, two dates to choose from\n- 10 min: next steps, and who does them',
      ],
    },
  ],
}

/** The cast: acme with Alice, Bob and Carol, globex with Mallory and Trent. */
export const DEMO: readonly DemoOrganisation[] = [
  {
    slug: 'acme',
    name: 'acme',
    people: [alice, bob, { name: 'Carol Lindqvist', email: 'carol@acme.test', role: 'admin', chats: [] }],
  },
  {
    slug: 'globex',
    name: 'globex',
    people: [
      { name: 'Mallory Vance', email: 'mallory@globex.test', role: 'admin', chats: [] },
      {
        name: 'Trent Ibsen',
        email: 'trent@globex.test',
        role: 'user',
        chats: [
          {
            description: 'Names for the spring release',
            daysAgo: 0,
            messages: ['Three names for a spring release, all of them birds.', 'Lapwing, Dunnock, Redstart.'],
          },
        ],
      },
    ],
  },
]
