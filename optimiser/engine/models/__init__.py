r"""State the models in PuLP, one function for each family of rows.

The problem is the network design covering problem of Bucarey, Fortz, González-Blanco, Labbé and Mesa
(Computers & Operations Research 2022, arXiv 2007.06647), with an existing network, side constraints, rings
and periods. In one piece, with the letters of the sections below:

```math
\begin{align*}
\max\;&\sum_t h_t\Bigl(\sum_k w_k y_{kt}+\sum_i w_i z_{it}+\sum_\rho w_\rho r_{\rho t}\Bigr)
&&\text{with a budget}\\
\min\;&\sum_j c_j x_j&&\text{without one}\\
&\sum_j c_j\sum_{t'\le t}x_{jt'}\le\sum_{t'\le t}B_{t'}&&\text{money}\\
&\sum_t x_{jt}=x_j,\quad o_{jt}=\sum_{t'+l_j\le t}x_{jt'}&&\text{starts, opening}\\
&y_{kt}=1\Rightarrow\operatorname{time}_k(o_t)\le T_k&&\text{covered pairs}\\
&N_i z_{it}\le\sum_{k\in K_i}y_{kt}&&\text{cities}\\
&\sum_{k\in K_g}w_k y_k\ge L_g,\quad\sum_{i\in I_g}w_i z_i\ge L_g&&\text{targets}\\
&\sum_{j\in J_b}c_j x_j\le M_b,\quad\sum_j u_{bj}x_j\le M_b&&\text{caps, capacities}\\
&x_j+x_{j'}\le1,\quad o_{jt}\le o_{j't}&&\text{excludes, requires}\\
&\sum_{\mathrm{in}(v)}f=\sum_{\mathrm{out}(v)}f\le r,\quad f_a^++f_a^-\le o_{j(a)}\text{ or }r
&&\text{circuit of a ring}\\
&\sum_a\kappa_{as}(f_a^+-f_a^-)=r-2q_s,\quad q_s\le r,\quad q_1=0&&\text{rounds}\\
&\sum_a d_a(f_a^++f_a^-)\le Dr&&\text{length}\\
&n_e\le\sum_{v\in V_e}\sum_{\mathrm{in}(v)}f,\quad n_e\ge r\;(e\in E_*)&&\text{stops}\\
&\sum_e n_e\ge Lr,\quad\sum_{e\in E_g}n_e\ge L_g r&&\text{least stops}\\
&\sum_{\mathrm{out}(S)}f\ge\sum_{\mathrm{in}(v)}f\;(v\in S)&&\text{one circuit}\\
&\sum_{a\in A}(f_a^++f_a^-)\le|A|-1&&\text{no other}\\
&\sum_{\mathrm{in}(v)}f+\sum_{\mathrm{in}(v')}f\le1&&\text{rings apart}\\
&r_{\rho t}\le r_\rho,\quad r_{\rho t}\le1-f_a^+-f_a^-+o_{j(a)t}&&\text{rewards in time}\\
&x,z,f^+,f^-,q,r\in\{0,1\},\quad y,o,n,r_{\rho t}\in[0,1]
\end{align*}
```

in(v) and out(v) are the arcs into and out of v, j(a) is the candidate of arc a. Without t: the last period;
without periods h = 1, o = x, r_t = r. x_j is 1 or 0 where fixed, r is 1 where required. Without a budget
y_k = 1 for all that can be covered, or, with `"cover": "targets"`, targets alone ask for pairs. A is each
circuit that does not form its ring, S its nodes where no circuit within S winds round some centre. Pairs in
steps (limit later, part of the weight) and independent pairs (a second network without the core, limit a
stretch of today's time) are further pairs k; [trips](rings.md#value-of-a-ring) give the reward w of a
ring. The variants differ in how they say that a pair is covered:

```math
\begin{align*}
\texttt{compact}:\;&\sum_{\mathrm{out}(v)}f_{ka}-\sum_{\mathrm{in}(v)}f_{ka}=[v\text{ is the origin}]\,y_k
\;(v\ne\text{destination}),\quad\sum_a\tau_a f_{ka}\le T_k y_k,
\quad 0\le f_{ka}\le x_{j(a)}\text{ (of candidates)}\\
\texttt{cuts}:\;&\sum_{j\in C}x_j\ge y_k\quad\text{for each }C\text{ without which }k\text{ is not covered}\\
\texttt{paths}:\;&\sum_{p\in P_k}f_p\ge y_k,\quad\sum_{p\in P_k,\,p\ni j}f_p\le x_j
\quad\text{for the paths }P_k\text{ within }T_k\\
\texttt{benders}:\;&\sum_\varepsilon\pi_\varepsilon x_{j(\varepsilon)}\ge(\zeta-\lambda)\,y_k\quad
\text{for all }\pi,\lambda\ge0,\;\zeta\text{ the cheapest path at }\pi_{\varepsilon(a)}+\lambda\tau_a/T_k
\end{align*}
```

There epsilon stands for the arcs of one candidate between two nodes, in both directions: a candidate of two
stretches in series has two prices, for a path over both pays both. `cuts-loop` uses the model of `cuts`,
`benders-normal` that of `benders`, heuristics none. Models are stated for the
reduced problem (`optimiser/engine/presolve`), with rings or periods for the original one. Names in LP files:
`x` candidates, `y` pairs, `z` cities, `f` flows (through all pairs, over arcs of the reduced network), each
numbered from 1 in canonical order: by id, pairs by their values. [Certificates](certificate.md#variables)
number the problem file instead; match ids, not names.
"""
