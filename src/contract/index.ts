/** The registry: every endpoint there is, in one list. What is not here does not exist. */
import * as accounts from './accounts.ts'
import * as care from './care.ts'
import * as chats from './chats.ts'
import { forgetDraft, keepDraft, listDrafts } from './drafts.ts'
import type { Endpoint } from './endpoint.ts'
import * as events from './events.ts'
import * as factors from './factors.ts'
import * as leaving from './leaving.ts'
import * as models from './models.ts'
import * as oidc from './oidc.ts'
import { askReset, changePassword, finishReset, getOwnPassword, getPasswordRules } from './passwords.ts'
import * as people from './people.ts'
import { getPrivacy, setPrivacyContact } from './privacy.ts'
import { changeMe, getPicture, removePicture, setPicture } from './profile.ts'
import * as security from './security.ts'
import * as sessions from './sessions.ts'
import { addReaders, endSharing, getSharing, leaveChats, removeReader } from './sharing.ts'
import { forkChat, listMessages, showBranch } from './tree.ts'

const { getStatus, setUp, signIn, signOut, getMe, setPreferences, listMembers, addMember, inviteAgain, acceptInvitation } = accounts
const {
  listChats,
  createChat,
  getChat,
  changeChat,
  deleteChat,
  restoreChat,
  lookAtChat,
  listUsedChats,
  sendMessage,
  answerAgain,
  continueGeneration,
  followGeneration,
  stopGeneration,
} = chats
const { changeManyChats, eraseChat, emptyTrash, keepChat, findChats, giveFeedback, removeFeedback } = care
const { listModels, listProviders, addProvider, changeProvider, removeProvider, testProvider, getHandbook } = models
const {
  getMember,
  changeRole,
  suspendMember,
  reinstateMember,
  inviteMembers,
  knownMembers,
  listInvitations,
  cancelInvitation,
  startRecovery,
  listRecoveries,
  decideRecovery,
  ownRecovery,
  stopRecovery,
  useRecovery,
  askAddress,
  getAskedAddress,
  getPendingAddress,
  withdrawAddress,
  confirmAddress,
  getDirectory,
  setDirectory,
} = people
const { getSignInProvider, setSignInProvider, testSignInProvider, trySignInProvider, findSignInProvider, startSignIn } = oidc
const { returnFromProvider, finishWay, endByProvider, listIdentities, linkIdentity, unlinkIdentity, proveByProvider } = oidc
const { getSession, extendSession, proveSession, refreshSession } = sessions
const { listOwnSessions, endOwnSession, endOtherSessions, notMe, getLoginPolicy, setLoginPolicy } = sessions
const { listSessions, countSessions, endSessions } = sessions
const { whyEnded, listSecurityEvents, readSecurityEvent, listApiTokens, createApiToken, revokeApiToken } = security
const { followEvents } = events
const { createExport, listExports, downloadExport, removeExport, askDeletion, undoDeletion, listErasures } = leaving

const { getFactors, beginPasskey, addPasskey, renamePasskey, removePasskey } = factors
const { beginAuthenticatorApp, confirmAuthenticatorApp, removeAuthenticatorApp, makeRecoveryCodes } = factors
const { beginPasskeySignIn, signInWithPasskey, beginSecondFactor, giveSecondFactor, beginProof } = factors

export const ENDPOINTS: readonly Endpoint[] = [
  getStatus,
  setUp,
  signIn,
  beginPasskeySignIn,
  signInWithPasskey,
  beginSecondFactor,
  giveSecondFactor,
  signOut,
  refreshSession,
  whyEnded,
  getSession,
  extendSession,
  beginProof,
  proveSession,
  followEvents,
  getMe,
  setPreferences,
  changeMe,
  setPicture,
  removePicture,
  getOwnPassword,
  changePassword,
  getPasswordRules,
  askReset,
  finishReset,
  listOwnSessions,
  endOwnSession,
  endOtherSessions,
  notMe,
  getFactors,
  beginPasskey,
  addPasskey,
  renamePasskey,
  removePasskey,
  beginAuthenticatorApp,
  confirmAuthenticatorApp,
  removeAuthenticatorApp,
  makeRecoveryCodes,
  listSecurityEvents,
  readSecurityEvent,
  listApiTokens,
  createApiToken,
  revokeApiToken,
  createExport,
  listExports,
  downloadExport,
  removeExport,
  askDeletion,
  undoDeletion,
  listErasures,
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
  knownMembers,
  listInvitations,
  cancelInvitation,
  startRecovery,
  listRecoveries,
  decideRecovery,
  ownRecovery,
  stopRecovery,
  useRecovery,
  askAddress,
  getAskedAddress,
  getPendingAddress,
  withdrawAddress,
  confirmAddress,
  getDirectory,
  setDirectory,
  listChats,
  createChat,
  getChat,
  changeChat,
  deleteChat,
  restoreChat,
  getSharing,
  addReaders,
  removeReader,
  endSharing,
  leaveChats,
  changeManyChats,
  eraseChat,
  emptyTrash,
  keepChat,
  findChats,
  giveFeedback,
  removeFeedback,
  lookAtChat,
  listUsedChats,
  forkChat,
  listMessages,
  showBranch,
  sendMessage,
  answerAgain,
  continueGeneration,
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
  getSignInProvider,
  setSignInProvider,
  testSignInProvider,
  trySignInProvider,
  findSignInProvider,
  startSignIn,
  returnFromProvider,
  finishWay,
  endByProvider,
  listIdentities,
  linkIdentity,
  unlinkIdentity,
  proveByProvider,
  getPrivacy,
  setPrivacyContact,
]
