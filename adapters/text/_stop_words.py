"""English function words, as they stand after case folding with apostrophes dropped."""

STOP_WORDS = frozenset(
    """
    a about above after again against all also although am among an and another any anybody anyhow anyone anything are
    arent as at be because been before being below between both but by can cannot cant could couldnt did didnt do does
    doesnt doing done dont down during each either else etc ever every everybody everyone everything few for from
    further had hadnt has hasnt have havent having he hed hell her here hers herself hes him himself his how however
    i id if ill im in instead into is isnt it itd itll its itself ive just lets like many may maybe me might mine more most
    much must mustnt my myself neither no nobody none nor not of off oh ok okay on once one ones only onto or other
    others ought our ours ourselves out over own per perhaps please quite rather really same shall she shes should
    shouldnt since so some somebody somehow someone something somewhere still such than thank thanks that thatll thats
    the their theirs them themselves then there theres these they theyd theyll theyre theyve this those though through
    thus to too toward towards under unless until up upon us very via was wasnt we wed well were werent weve what
    whatever whats when whenever where wheres whereas wherever whether which whichever while who whoever whom whos
    whose why will with within without wont would wouldnt yes yet you youd youll your youre yours yourself yourselves
    youve
    """.split()
)
