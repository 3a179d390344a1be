"""General English that a question and a text may put differently. Nothing here knows any library's subject."""

# Words that say little about what a question is after: they count, but far less than a subject's own words.
LIGHT = """
able accord achieve act actual add advice advise affect ago aim allow already altogether amount answer anyway appear
apply approach appropriate area arrive ask aspect available avoid away back bad based basic basically become begin
believe best better big bit bring bunch call care case cause certain certainly chance change choose clear close come
common commonly complete concern consider contain continue correct correctly cover create current currently day deal
decide describe detail determine different difference difficult directly early easily easy effect end enough ensure
entire especially exact exactly example except exist expect explain fact fail far fast feel figure fill find fine
first fit fix follow form full gain general generally get give go goal good great guide guideline hand handle happen
hard head hear help high hold hope hour huge idea imagine important improve include individual information inside
interested involve issue item job keep kind know large last late later lead learn leave left less let level life
likely line little live long look lose lot low main mainly make making manage manner matter maximum mean meant mention
mind minimum minute moment month move multiple name near necessary need never new next nice normal normally note number
occur offer often old open option order original part particular particularly pass people period person piece place
plan play plenty plus point possible possibly practice prefer present pretty prevent probably problem process proper
properly provide purpose put quick quickly reach read ready real reason recommend recommendation refer regard regular
related relate relevant remain remember require requirement rest result right rule run safe say see seem select sense
set several short show shown side similar simple simply single situation size slightly small soon sort speak special
specific spend stand standard start state stay step stop story stuff style suggest suggestion suit suitable support
suppose sure system take talk tell term thing think thought time tip today together tomorrow top topic total treat
tried true try turn two type typical typically understand unlike use used useful user usual usually value various want
watch way week whole wide wish word work working world worry worth write wrong year yesterday
newest newer latest suppose supposed kind ordinary built allowed let become certain everyday somehow straight extra
helps helpful shown tells gets goes come came look looks like sure best worst worse
"""

# A line a family: words that ask for, or tell of, much the same.
FAMILIES = """
set: setup install installation configure configuration config initialize
setting: option configuration parameter preference configure customize
start: begin launch run startup beginning commence boot
stop: end halt quit terminate cease shutdown
stop: prevent avoid disable block
delete: remove erase discard uninstall drop clear deletion removal
add: create insert include new append addition
create: make build generate produce write creation
change: modify edit alter update adjust customize replace switch
update: upgrade refresh migrate newer latest
error: failure problem issue fail bug wrong fault crash broken
fix: solve repair resolve troubleshoot correct debug solution workaround
cost: price fee charge pay expense rate expensive
pay: payment salary wage compensation paid earn money
buy: purchase order acquire bought buying
sell: sale sold selling
money: fund cash budget dollar financial
get: obtain receive fetch retrieve acquire download
send: submit deliver post transmit email mail
show: display view see list print visible appear
hide: hidden invisible conceal
find: search locate look discover lookup
choose: select pick decide choice selection option
decide: decision choose determine
allow: permit enable let permission authorize
forbid: ban disallow prohibit deny restrict block
enable: activate on turn allow
disable: deactivate off turn
permission: access right privilege authorization role
login: signin log sign authenticate authentication credential account
logout: signout
password: credential secret passphrase login
user: member account person people
people: person employee staff team member
boss: manager supervisor lead leader
worker: employee staff colleague coworker teammate
hire: recruit onboard hiring recruitment join
join: onboard begin become enroll register
quit: leave resign departure exit offboard
leave: vacation holiday absence pto off
holiday: vacation leave break
sick: ill illness medical unwell health
doctor: medical health physician
baby: child parental birth newborn parent maternity paternity
kid: child children family
meeting: meet call appointment session
talk: speak discuss conversation chat communicate contact
tell: inform notify report announce
notify: notification alert warn inform message
ask: request question inquire
answer: reply respond response
contact: reach email phone call
help: support assistance assist aid
explain: describe explanation description define definition meaning
meaning: definition mean define
guide: tutorial manual instruction howto documentation
document: documentation file doc
file: document attachment
folder: directory path
picture: image photo screenshot figure
movie: video clip film
save: store keep preserve backup storage
keep: retain store preserve maintain hold
backup: copy restore recover archive snapshot
restore: recover recovery undo revert
undo: revert rollback restore
copy: duplicate clone
move: transfer relocate migrate migration
import: load upload migrate
export: download output
upload: attach import
connect: link join connection attach integrate
link: url hyperlink address connect
website: site web webpage page
address: url location
share: publish distribute collaborate
publish: release deploy post
deploy: deployment host production hosting
test: check verify try validate testing
check: verify inspect examine review confirm validate
review: examine evaluate assess feedback
measure: metric evaluate assess performance
compare: comparison versus difference
difference: compare differ distinction
limit: maximum restrict cap restriction threshold bound
maximum: max limit most highest
minimum: min least lowest
increase: raise grow boost more
decrease: reduce lower lessen fewer cut
reduce: minimize lower decrease
quick: fast speed rapid quickly
speed: performance fast slow faster
slow: delay lag performance latency
wait: delay pause timeout
timeout: wait expire
long: duration length time
often: frequency interval frequently regularly
interval: frequency period every
daily: everyday day
schedule: timetable plan calendar automatic recurring
automatic: automatically auto automate
manual: manually hand
repeat: recurring loop retry
retry: repeat again attempt
try: attempt retry
big: large size huge
small: tiny little
size: dimension big large
kind: type sort category
category: group type class label
label: tag category
tag: label keyword
shortcut: hotkey key keyboard
keyboard: key shortcut
screen: display monitor window
window: pane screen
color: colour theme appearance
look: appearance theme style design
theme: style appearance template
font: typeface text
language: translation locale translate
translate: translation language
private: privacy secret confidential personal hidden
secure: security safe protect protection
protect: security safeguard encrypt
safe: safety secure
risk: danger hazard risky
dangerous: danger risk unsafe
loss: lose losing lost
profit: gain earning return
rule: policy regulation guideline law
policy: rule guideline
law: legal regulation
allow: eligible permit
need: require requirement necessary must
requirement: prerequisite need require
recommend: suggest advise recommendation suggestion best
idea: suggestion proposal
goal: objective aim purpose target
purpose: reason why goal
reason: cause why because
cause: reason result
result: outcome output
benefit: advantage perk
advantage: benefit pro
disadvantage: drawback con downside
work: job employment
job: position role career
home: remote house
remote: home telework wfh
office: building workplace workspace
travel: trip journey flight
trip: travel journey
car: vehicle drive driving
hotel: lodging accommodation
food: meal eat
eat: food meal consume
drink: beverage
computer: laptop machine pc device
laptop: computer device
phone: mobile smartphone cellphone android iphone
mobile: phone smartphone
equipment: device hardware tool
tool: software app application
app: application program software
program: software application
package: library module dependency
plugin: extension addon
extension: plugin addon
version: release
code: program script source
script: program
command: cli terminal
terminal: console shell command
run: execute start launch
execute: run
database: db storage
server: host
internet: online network web
offline: disconnected
network: connection internet
proxy: gateway
request: query call
header: metadata
data: information record
info: information
statistic: stats metric
graph: chart plot
chart: graph plot diagram
draw: sketch canvas
table: grid spreadsheet
list: bullet enumerate
text: word content
note: notes memo
heading: title header
title: name heading
name: title rename
write: author compose
writer: author
read: reading
learn: study teach training education
training: course class learn education workshop
teach: train learn
school: education training
new: beginner newcomer newbie
beginner: newcomer starter
expert: advanced experienced
simple: easy basic
hard: difficult complex complicated
important: essential critical crucial
normal: default usual standard
default: standard initial
custom: customize personalize
example: sample demo
sample: example
empty: blank none
full: complete whole entire
part: section component piece
section: part chapter
combine: merge join mix
merge: combine
mix: stir blend combine
split: divide separate
separate: split divide
cut: chop slice
order: sort sequence arrange
sort: order arrange
filter: narrow exclude
exclude: ignore skip omit
ignore: skip exclude
skip: ignore omit
count: number total amount
number: amount count quantity
amount: quantity number
total: sum overall
average: mean
percent: percentage ratio
calculate: compute calculation
round: rounding
temperature: heat degree
hot: heat warm
cook: bake boil prepare
cold: cool chill
freeze: freezer frozen
open: access
close: shut exit
lock: secure
unlock: open
hear: listen audio sound
sound: audio noise
record: log recording
log: logging record
history: log past previous
previous: past earlier prior
event: activity
party: celebration event
gift: present
award: bonus reward recognition
bonus: reward incentive
raise: promotion increase
promotion: promote raise advancement
fire: dismiss terminate layoff
complain: complaint grievance report
harassment: discrimination bullying
conflict: dispute disagreement
agree: agreement consent
agreement: contract
contract: agreement
approve: approval permission authorize
approval: approve authorization sign
register: registration signup enroll
subscribe: subscription
cancel: abort unsubscribe
refund: reimburse reimbursement repay
reimburse: expense refund claim
tax: taxes
insurance: coverage
retire: retirement pension
invest: investment
bank: account
trade: trading
market: exchange
exchange: swap
own: ownership owner
belong: own
team: group crew
group: team
company: organization business firm
organization: company agency
customer: client buyer
client: customer
partner: partnership
government: federal state
vote: election
time: hour date
date: day time
year: annual yearly
month: monthly
week: weekly
morning: am
night: evening overnight
early: soon
late: delay overdue
deadline: due
finish: complete end done
complete: finish
success: successful succeed
happen: occur
problem: trouble difficulty
stuck: freeze hang
break: crash broken
strange: weird unexpected
wrong: incorrect invalid error
correct: right valid
valid: validate
true: correct
missing: lost absent
lost: missing lose
empty: missing
space: room disk
memory: ram
environment: env
variable: var parameter
argument: parameter flag
authenticate: authentication auth
admin: administrator
repository: repo
information: info detail
detail: information
summary: overview
overview: introduction summary
introduction: intro
symbol: icon
icon: logo symbol
button: click
click: press tap
press: push click
mouse: cursor pointer
drag: move
scroll: navigate
navigate: navigation menu
menu: navigation
sidebar: panel
tab: window pane
favorite: bookmark star
bookmark: favorite
reminder: remind
remember: remind memorize
forget: forgot lost
monitor: track watch observe
track: monitor follow
follow: track subscribe
watch: monitor
inspect: examine
sync: synchronize
synchronize: sync
parallel: concurrent simultaneous
simultaneous: concurrent multiple
asynchronous: async
several: multiple many
multiple: several many
single: one individual
alone: solo single
ill sick sickness illness unwell disease
doctor physician medic medical clinic
hospital clinic ward
medicine medication drug pill prescription
dentist dental teeth tooth
eyes vision eye glasses optical
injury injured hurt wound accident
pain ache hurt sore
pregnant pregnancy maternity birth
baby infant newborn child birth
mother father parent parental mom dad
child kid children son daughter
family relative household spouse
husband wife spouse partner marriage
married marriage wedding spouse
die died death dead dying bereavement
funeral burial bereavement
dog pet animal
cat pet animal
animal pet creature
summer july august june
winter december january february
spring april may
autumn fall october november september
weekend saturday sunday
friday monday tuesday wednesday thursday weekday
christmas holiday festive
vacation holiday leave pto
absence absent leave away
break pause rest
salary wage pay compensation income
payday payroll salary
bonus reward incentive extra
pension retirement savings
stocks shares equity stock
invoice bill receipt billing
receipt expense reimbursement
refund reimburse repayment return
debt loan owe credit
loan mortgage borrow credit
rent lease rental tenant
landlord owner tenant
cheap inexpensive affordable budget
expensive costly pricey
free gratis complimentary
donate donation charity contribute
volunteer unpaid charity
lawyer attorney legal counsel
court judge legal lawsuit
police law crime
steal stolen theft robbed
lost missing misplaced
boss manager supervisor
coworker colleague teammate peer
employer company firm
employee staff worker personnel
fired terminated dismissed laid layoff termination severance
resign resignation quit departure
hire hiring recruit recruitment candidate applicant
applicant candidate interview
interview applicant hiring
newcomer newbie beginner
mentor buddy coach mentoring
mentor guide advisor
apprentice intern internship trainee
promotion promoted advancement career
career job profession
freelance contractor consultant freelancer
sidejob moonlighting gig
gig job side
conference convention summit talk event
speech talk presentation speaking speaker
presentation slides deck talk
meeting standup sync gathering
remote remotely distributed telework
office workplace desk
desk chair furniture
laptop notebook computer machine
computer machine device pc
machine computer server host
phone mobile smartphone telephone
tablet ipad
printer print printing
keyboard mouse
screen monitor display
headphones headset earphones
camera webcam
charger battery power
electricity power energy
car vehicle automobile
bicycle bike cycling
bus train transit transport transportation
taxi uber cab ride
flight fly airplane plane airline airport
hotel lodging accommodation
luggage baggage suitcase
passport visa id
abroad overseas international foreign
foreign international abroad
country nation state
city town
map location directions
weather rain forecast
hot warm heat
cold cool chilly
fridge refrigerator refrigerate chill
freezer freeze frozen
oven bake baked roast
stove hob burner
pan skillet frypan
pot saucepan kettle
fry fried saute sear
boil boiled simmer
steam steamed
grill grilled barbecue bbq broil
roast roasted bake
noodle noodles pasta spaghetti
pasta spaghetti macaroni noodle
beetroot beet borscht
mince minced ground
aubergine eggplant
courgette zucchini squash
coriander cilantro
chickpea garbanzo
prawn shrimp
yoghurt yogurt curd
yogurt yoghurt
flavour flavor taste
taste flavor seasoning
spice spiced spicy seasoning
spicy hot chili
sweet sugar sugary
salt salty salted
sour acidic tart
oats oatmeal porridge granola
cereal granola oats
soup broth stew
broth stock bouillon
sauce dip gravy dressing
dip sauce spread
dessert cake pudding sweet
cookie biscuit
chips fries crisps
fries chips potato
beef steak meat
pork ham bacon
meat beef pork lamb
minced ground mince
vegetable veggie veg
vegetarian meatless vegan
vegan vegetarian
drink beverage
alcohol liquor spirit liqueur wine beer
liqueur liquor alcohol spirit
wine alcohol
ferment fermented fermentation culture
crispy crunchy crisp
stale old dry
raw uncooked
ripe overripe
recipe dish meal
dinner supper meal
lunch meal midday
breakfast morning meal
portion serving serve
ingredient ingredients contents
dough batter pastry
knead kneading
rise proof proofing
garden gardening plant yard
plant seed grow sow
grow growth cultivate
soil dirt earth compost
water watering irrigate
weed weeds
insect pest bug
clean wash cleaning
dirty stain unclean
laundry wash clothes
clothes clothing garment wear
shoes boots footwear
dress clothing attire wear
exercise workout fitness training gym
gym fitness workout
sleep rest bed
tired fatigue exhausted
stress anxiety burnout pressure
fear afraid anxious scared
angry anger mad frustrated
sad unhappy depressed depression
happy glad satisfied
diet nutrition eating
weight mass
height tall
width wide
length long
house home apartment residence
room space
kitchen cook
roof ceiling
window pane
door gate entrance
wall fence
stairs steps
child kids
school class classroom
teacher instructor trainer
student pupil learner
exam test quiz
university college degree tuition
degree education tuition
book read publication
newspaper news press
news announcement update
letter mail post
mail post mailing
email mail inbox
inbox mailbox
spam junk
chat message messaging
message msg notification
phone call
call ring dial
video clip recording
music song audio
song music track
picture photo image
photo image picture
draw drawing sketch
paint painting
game play
player gamer
win won victory winning winner
lose lost loss losing
luck chance random
random randomly
guess estimate
estimate approximate estimation
predict forecast prediction future
future ahead upcoming forecast
past history previous historical
old older legacy previous historical
ancient old historical
newest latest recent current
latest newest recent current
current present existing
modern new
twice two double
two second double both
second two
half 50
several multiple many consecutive
consecutive row successive
zero none no
first initial
last final latest
once one-time
again repeat
forever permanent permanently indefinitely
temporary temporarily short-term
permanent permanently
late overdue behind
early advance ahead
instantly immediately instant
immediately instantly now
soon shortly
duration period length
deadline due cutoff
hour hours hourly
night overnight nighttime
timezone zone utc
clock time
age old years
birthday birth
rule guideline policy
forbidden prohibited disallowed
illegal unlawful
legal lawful law
allowed permitted acceptable
permitted allowed
obligatory mandatory required compulsory
mandatory required obligatory must
optional voluntary
voluntary optional
fair unfair equitable
honest honesty truthful
lie false dishonest
polite respectful
rude disrespectful inappropriate misconduct
misconduct inappropriate harassment
behaviour behavior conduct
conduct behavior
complaint complain grievance
bully bullying harassment
racist discrimination
secret confidential private
private personal confidential
personal private own
public open
owner holder
responsible responsibility accountable charge
duty responsibility obligation
expectation expected expect
requirement criteria condition
condition requirement
qualify eligible eligibility
eligible qualify eligibility
apply application request
request ask apply
permission approval consent
approve sign-off authorize
signature sign signed
form paperwork document
document paper file
contract agreement
deal agreement
license licence licensing
copyright license
patent trademark
brand logo
advert advertisement ad marketing
marketing advertising promotion
sale discount offer
discount coupon deal reduction
coupon voucher
shop store
store shop
ship delivery shipping deliver
package parcel
return refund
warranty guarantee
guarantee warranty promise
quality standard
customer client
guest visitor
visitor guest viewer
audience reader viewer
reader audience
writer author
boss lead
leader lead head
ceo president executive
president ceo
vote voting poll
poll survey vote
survey questionnaire poll
feedback comment review opinion
opinion view feedback
comment remark note
criticism critique
praise recognition appreciation
thank appreciation gratitude
celebrate celebration
gift present
party gathering
friend buddy
neighbor neighbour
stranger unknown
group community
club group
community forum group
forum community discussion
discuss discussion
argue argument dispute
disagree disagreement conflict
fight conflict
war conflict
peace calm
emergency urgent crisis
urgent emergency priority
priority important rank
disaster emergency catastrophe
fire blaze
flood water
danger hazard unsafe
hack hacked breach compromise attack
attack hack exploit
breach leak incident
virus malware
phishing scam fraud
scam fraud phishing
cheat fraud
encrypt encryption encrypted cipher
password passcode passphrase
key token
token key
fingerprint biometric
2fa two-factor mfa authenticator
login signin
signup register
account profile
profile account
avatar picture
username handle nickname
nickname alias
alias nickname
browser chrome firefox safari
firefox browser
chrome browser
website site webpage
page webpage
homepage landing index
blog post article
article post
post publish
wiki encyclopedia
docs documentation
docs document
readme documentation
install setup
uninstall remove
download fetch
upload send
http web rest api
api interface endpoint rest
endpoint api
url link address
hyperlink link
domain hostname dns
hosting host server
cloud server hosting aws
backend server
frontend ui interface
ui interface gui
interface ui
gui interface
widget component
popup dialog modal
dialog window popup
notification alert
mute silence quiet
silence mute quiet
silent quiet mute
loud volume
volume loudness
brightness dark light
dark night
light bright
colour color
look appearance theme
looks theme appearance
skin theme
favicon icon
emoji smiley
icon symbol
bold italic emphasis
highlight emphasis
underline highlight
footnote reference
citation reference cite
quote quotation
paragraph text
chapter section
page site
header heading
footer bottom
sidebar panel
column row
row line
cell table
spreadsheet excel csv
excel spreadsheet
word document
pdf document
csv spreadsheet
json format
markdown formatting
format formatting
syntax format
code source
snippet code
bug defect issue
crash crashed freeze
slow sluggish performance
fast quick speed
hang stuck freeze
stuck blocked hang
memory ram
disk storage drive
drive disk
folder directory
directory folder
path location
rename name
move relocate
copy duplicate
paste insert
cut remove
insert add
undo revert
redo repeat
find search
replace substitute
substitute replace alternative
alternative substitute replacement option
compare comparison
merge combine
sort order
group cluster
classify categorize
tag label
mark label flag
flag mark
pin favorite
star favorite
bookmark favorite
subscribe follow
unsubscribe cancel
cancel abort
abort cancel
pause suspend halt
resume continue
continue resume
restart reboot reload
reboot restart boot
boot startup start
refresh reload
reload refresh
update upgrade
upgrade update
downgrade revert
version release
release version
changelog release
beta preview experimental
experimental beta
deprecated obsolete removed legacy
obsolete deprecated
supported compatible support
compatible compatibility supported
compatibility compatible
windows microsoft
mac macos apple osx
linux ubuntu debian
ubuntu linux
android mobile
ios iphone ipad
iphone ios mobile
raspberry arm
docker container
container docker
kubernetes k8s
service daemon systemd
daemon service
cron schedule scheduled
job task
task todo job
todo task checklist
checklist list todo
script automation
automation automatic
macro shortcut
hotkey shortcut
shortcut hotkey
terminal console
console terminal
command cli
shell bash terminal
log logs logging
logs logging
debug debugging troubleshoot
trace debug
test testing
fake mock stub dummy simulated
mock fake
simulate simulation dry-run paper
pretend simulate
demo sample example
sandbox playground
playground sandbox
environment env
variable env
config configuration
settings configuration preferences options
option setting
preference setting
default standard
customize custom
personalize custom
limit cap
quota limit
throttle limit rate
rate speed
timeout deadline
retry retries
fail failure
error exception
exception error
warning alert
warn warning
status state
state status
progress status
percent percentage
total sum
count number
average mean
median average
minimum least
maximum most
increase raise
decrease lower
grow increase
shrink reduce
postgres postgresql database
sqlite database
mysql mariadb database
database db sql
sql query
query search
table record
record entry
entry item
field column
backup backups
restore recover
recover recovery
migrate migration
convert conversion transform
transform convert
translate translation
german translation language
french translation language
spanish translation language
language locale
locale language
character charset encoding
encoding charset
unicode encoding
certificate cert ssl tls
ssl tls certificate https
https ssl
proxy gateway
firewall security
vpn network
wifi wireless network
wireless wifi
internet online
offline disconnected
connect connection
disconnect connection
socket connection websocket
network connection
traffic network
bandwidth speed
latency delay
cache caching cached
cookie session
session login
redirect redirection forward
forward redirect
request call
response reply answer
answer response reply
body content
content body
header metadata
metadata properties frontmatter
properties metadata
parameter argument
argument parameter
function method
method function
class object
object class
type kind
library package
package library
dependency requirement package
module package
plugin extension addon
hook callback
callback hook
event hook
trigger event
signal event
async asynchronous await concurrent
await async
thread concurrent
parallel concurrent
loop repeat
queue waiting
worker process
process procedure
procedure process steps
step stage
stage phase
phase stage
workflow process
project program
team group
sprint cycle iteration
cycle sprint iteration
milestone goal
goal target objective
target goal
kpi metric
metric measure
report summary
summary overview
dashboard overview
chart graph
graph chart
statistics metrics
buy purchase
sell sale
trade trading deal
order purchase
price cost
coin crypto token currency
crypto cryptocurrency bitcoin coin
currency coin money
bitcoin crypto
wallet account
exchange market
broker exchange
short bearish
long bullish
profit gain
loss drawdown
drawdown loss
stop stoploss
leverage margin
margin leverage
fee commission
commission fee
tax taxation
stake amount
amount size
position trade
portfolio holdings
balance funds
fund balance
money funds capital
capital funds
spend spent spending cost
spent spend
earn income
income earnings
invest investment
risk exposure
exposure risk
strategy plan
plan strategy
rule strategy
indicator signal
signal indicator alert
candle bar candlestick
bar candle
history historical
price quote
future prediction
optimise optimize optimization tune
optimize optimization improve tune
tune optimize
improve optimize better enhance
enhance improve
backtest simulation
train training learn
model models
learning ai
ai machine-learning
peek lookahead bias
bias lookahead
expire expired expiration expiry
valid expiry
delete purge
purge delete cleanup
cleanup clean purge
throw discard
discard throw
share sharing
publish sharing
collaborate collaboration together
together jointly
split divide multiple
several multiple
mailing group list email
newsletter mailing announcement
electronic digital online
electronically digital online electronic
digital electronic online
paper print document
vulnerability hole weakness exploit security
hole vulnerability gap
bounty reward
reward bounty prize
criticism feedback critique
feedback criticism review
distress trouble crisis
badly poorly bad
trouble distress problem
twitter social media
facebook social media
instagram social media
social twitter facebook linkedin
slack chat channel message
chat slack channel
channel room chat
room channel
whatsapp chat messaging
train rail transit commute
commute transit travel
ticket fare pass
ticket issue request
airport flight airline
itinerary trip travel
leaving leave departure exit offboarding
goodbye departure leaving
offboarding leaving departure
onboarding welcome newcomer orientation
orientation onboarding
welcome greeting
invite invitation add
invitation invite
guest invite visitor
badge card credential pass
card badge
identity id identification
id identity identifier
identifier id key
proof verification evidence certificate
verification proof confirm
evidence proof
income salary earnings
household family
childcare daycare
elderly parent care
caregiver care caregiving
disability disabled accessibility accommodation impairment
deaf hearing captions
blind vision screenreader accessibility
accessibility accessible disability
captions subtitle subtitles transcript
subtitle captions
sign-language interpreter
interpreter translator
religion religious faith
military veteran army
army military
citizen public people
public open citizen
public published visible
private hidden
open-source public license
contribute contribution help pull
contribution contribute
maintainer owner
author writer creator
reviewer approver
approver approval
signature sign
stamp seal
vendor supplier contractor
supplier vendor
procurement purchase acquisition buying
acquisition procurement purchase
purchase procurement
contract procurement
budget funding finance
funding budget grant money
finance money budget
accounting finance billing
billing invoice charge
timesheet hours time tracking
overtime extra hours
extra additional
additional extra more
spare extra
shift schedule
schedule hours timetable
calendar schedule appointment
appointment booking meeting
booking reservation book
reserve book booking
book reserve schedule
reservation booking
room meeting
conference room
event workshop conference
workshop training event
webinar training online
lecture talk
certification certificate
skill ability expertise competence
expertise knowledge skill experience
experience knowledge
knowledge experience
goal okr
evaluation assessment review
assessment evaluation review
appraisal review performance
rating score rank
score rating
rank order position
level grade tier
grade level
tier level plan
plan tier
subscription membership plan
membership subscription member
member user subscriber
trial free
free trial
upgrade better
renew renewal extend
extend renewal prolong lengthen
renewal renew
prolong extend
expand extend
shorten cut
retire sunset
sunset deprecated
archive old store
storage space disk
space storage
attic archive
trash bin deleted
bin trash
deleted trash removed
lost recover
crash recover
overwrite replace
conflict clash duplicate
duplicate copy twice
unique distinct
identical same
similar like
opposite reverse
reverse opposite invert
inside within
outside external
external outside third-party
third-party external
internal inside
inner internal
upper top
top upper
bottom lower end
left side
side panel
side-by-side split
beside split next
split side
layout arrangement structure
arrangement layout workspace
arrange layout organize
organize arrange structure sort
structure organization layout
hierarchy tree nested
nested hierarchy subfolder
subfolder nested
tree hierarchy
network graph
web network internet
whiteboard canvas board
board canvas whiteboard kanban
canvas whiteboard board
drawing diagram
diagram chart drawing
flowchart diagram
formula equation math expression
equation formula math
math formula equation
expression formula
number digit numeric
digit number
date day calendar
today date current
tomorrow date
yesterday date
due deadline
task todo
voice audio speech
speech voice
recording audio
microphone audio
listen audio
speaker audio
presentation slide
slide presentation
present slide
monitor screen display
second another other
another different other
other different
side monitor
popup window
floating window
window windows
fullscreen maximize
maximize fullscreen
minimize hide
collapse fold hide
fold collapse
expand unfold open
unfold expand
toggle switch
switch toggle change
choose switch
mode view
view mode
preview view
read-only locked
editor edit
editable edit
spelling spellcheck grammar
grammar spelling
autocorrect spelling
autocomplete suggestion completion
completion autocomplete
suggestion autocomplete
placeholder template
template boilerplate preset
preset template
boilerplate template
reuse template
pattern regex template
regex pattern
wildcard pattern
exact literal
phrase exact
case uppercase lowercase
uppercase case capital
lowercase case
bold strong
cursor caret
selection select
clipboard copy paste
drag drop
gesture swipe
swipe gesture
touch tap
zoom scale
scale zoom size
resize size
crop cut
rotate turn
align alignment
indent indentation
margin padding
border edge
background wallpaper
transparent translucent
font size
dark theme
light theme
mode dark
color dark
warning callout alert
box callout panel
coloured color
callout box admonition
admonition callout
quote blockquote
embed include insert
include embed contain
contain include
attach embed
video youtube
youtube video
picture attachment
attachment picture image
pasted attachment
paste attachment
pdf file
file note
page note
memo note
notebook vault
vault notebook library
library collection
collection library
wiki notes
backlink link mention
mention reference backlink
reference mention
point link refer
refer point reference
jump go navigate
go navigate open
navigate go
switcher switch
favourite favorite bookmark
favorite favourite bookmark
handy shortcut
shortcut alias
names alias
synonym alias
title name
label name
metadata property
property attribute metadata field
attribute property
frontmatter metadata property
field property
schema structure
database table
records rows
filter condition
condition filter rule
rule filter condition
block ban filter
hide block filter
blacklist block exclude
whitelist allow
blocklist block
allowlist allow
exclude omit ignore leave
leave omit
omit exclude
selective exclude
import bring migrate
bring import
export extract
extract export
move import
evernote notes
phone mobile
device phone computer
devices phone computer
cloud online sync
icloud cloud sync
dropbox cloud sync
sync cloud
synchronise synchronize sync
offline local
local offline
remote server
online remote
live realtime
realtime live instant
collaborate share together
teamwork collaboration
coworkers team
friend collaborator
collaborator contributor
together collaborate
several multiple together
simultaneously concurrent
lock conflict
merge conflict
version history revision
revision version history
older previous version
previous older
snapshot backup version
restore version
rollback version
diff difference
changes changelog
change update
factor authentication
second-factor 2fa
mfa 2fa
authenticator 2fa
passkey webauthn
webauthn passkey
sso oauth saml openid
oauth sso login
google oauth
openid sso
ldap directory
logout session
forgotten forgot reset
reset forgotten recover
reset restart
lockout locked
captcha robot
robot bot
bot robot automated
crawler bot spider
spam filter
encrypt private
privacy data
data privacy
gdpr privacy
tracking analytics
analytics statistics tracking
visitor analytics
statistics analytics
metrics monitoring
monitoring metrics health
health status
healthcheck health
uptime availability
availability uptime
outage downtime
downtime outage
alert monitoring
nginx proxy
apache proxy
reverse-proxy proxy
certificate letsencrypt https
letsencrypt certificate
port address
address host
bind listen
listen bind
socket port
subfolder subdirectory path
subdirectory subfolder
root admin
administrator root admin
superuser admin
password admin
container image
image container
compose docker
registry repository
tag version
nightly development
stable release
build compile
compile build
source build code
binary executable program
executable binary
package install
apt debian package
yum rpm package
rpm fedora redhat
fedora rpm
redhat rpm rhel
brew mac
homebrew mac
requirements prerequisites
prerequisites requirements
hardware machine
cpu processor
processor cpu
gpu graphics
migration upgrade
schema migration
migrate upgrade
cleanup remove archive
frequency interval
refresh update poll
poll refresh
polling interval
schedule frequency
push notification
webhook callback notification
callback webhook
script webhook
integration connect service
service integration
feed rss subscription
rss feed
article entry post
entry article
story article
read seen
unread new
fulltext content
summary excerpt
excerpt summary
scrape crawl extract
scraper scrape
rewrite transform
redirect rewrite
key button
keys keyboard
press key
mark flag
""".strip().splitlines()
