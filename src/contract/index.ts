/** The registry: every endpoint there is, in one list. What is not here does not exist. */
import * as accounts from './accounts.ts'
import * as chats from './chats.ts'
import { forgetDraft, keepDraft, listDrafts } from './drafts.ts'
import type { Endpoint } from './endpoint.ts'
import * as models from './models.ts'
import * as people from './people.ts'
import { changeMe, getPicture, removePicture, setPicture } from './profile.ts'
import * as security from './security.ts'
import * as sessions from './sessions.ts'

const { getStatus, setUp, signIn, signOut, getMe, setPreferences, listMembers, addMember, inviteAgain, acceptInvitation } = accounts
const {
  listChats,
  createChat,
  getChat,
  changeChat,
  deleteChat,
  restoreChat,
  listMessages,
  sendMessage,
  answerAgain,
  followGeneration,
  stopGeneration,
} = chats
const { listModels, listProviders, addProvider, changeProvider, removeProvider, testProvider, getHandbook } = models
const {
  getMember,
  changeRole,
  suspendMember,
  reinstateMember,
  inviteMembers,
  listInvitations,
  cancelInvitation,
  startRecovery,
  listRecoveries,
  decideRecovery,
  ownRecovery,
  stopRecovery,
  useRecovery,
  askAddress,
  confirmAddress,
  getDirectory,
  setDirectory,
} = people
const { getSession, extendSession, proveSession, refreshSession, whyEnded, followEvents } = sessions
const { listOwnSessions, endOwnSession, endOtherSessions, notMe, getLoginPolicy, setLoginPolicy } = sessions
const { listSessions, countSessions, endSessions } = sessions
const { listSecurityEvents, readSecurityEvent, listApiTokens, createApiToken, revokeApiToken } = security

export const ENDPOINTS: readonly Endpoint[] = [
  getStatus,
  setUp,
  signIn,
  signOut,
  refreshSession,
  whyEnded,
  getSession,
  extendSession,
  proveSession,
  followEvents,
  getMe,
  setPreferences,
  changeMe,
  setPicture,
  removePicture,
  listOwnSessions,
  endOwnSession,
  endOtherSessions,
  notMe,
  listSecurityEvents,
  readSecurityEvent,
  listApiTokens,
  createApiToken,
  revokeApiToken,
  listSessions,
  countSessions,
  endSessions,
  getLoginPolicy,
  setLoginPolicy,
  listMembers,
  getPicture,
  addMember,
  inviteAgain,
  acceptInvitation,
  getMember,
  changeRole,
  suspendMember,
  reinstateMember,
  inviteMembers,
  listInvitations,
  cancelInvitation,
  startRecovery,
  listRecoveries,
  decideRecovery,
  ownRecovery,
  stopRecovery,
  useRecovery,
  askAddress,
  confirmAddress,
  getDirectory,
  setDirectory,
  listChats,
  createChat,
  getChat,
  changeChat,
  deleteChat,
  restoreChat,
  listMessages,
  sendMessage,
  answerAgain,
  followGeneration,
  stopGeneration,
  listDrafts,
  keepDraft,
  forgetDraft,
  listModels,
  listProviders,
  addProvider,
  changeProvider,
  removeProvider,
  testProvider,
  getHandbook,
]
