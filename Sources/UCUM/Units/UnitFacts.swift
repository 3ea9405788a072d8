// Made by compile-units from ucum-essence.xml 2.0.1 (https://ucum.org): run `make tables`, change nothing here.
//
// This product includes all or a portion of the UCUM table, UCUM codes, and UCUM definitions or is derived from it,
// subject to a license from Regenstrief Institute, Inc. and The UCUM Organization. Your use of the UCUM table, UCUM
// codes, UCUM definitions also is subject to this license, a copy of which is available at
// https://ucum.org/license. The current complete UCUM table and the UCUM specification are available for download
// at https://ucum.org. The UCUM table and UCUM codes are copyright (c) 1995-2009, Regenstrief Institute, Inc. and
// the Unified Codes for Units of Measures (UCUM) Organization. All rights reserved.
//
// THE UCUM TABLE (IN ALL FORMATS), UCUM DEFINITIONS, AND SPECIFICATION ARE PROVIDED "AS IS." ANY EXPRESS OR IMPLIED
// WARRANTIES ARE DISCLAIMED, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS
// FOR A PARTICULAR PURPOSE.

/// A line a prefix or unit: its kind or scale, its code, whether it takes prefixes, and so many of which unit it is.
let unitFacts = #"""
  prefix	Y	1e24
  prefix	Z	1e21
  prefix	E	1e18
  prefix	P	1e15
  prefix	T	1e12
  prefix	G	1e9
  prefix	M	1e6
  prefix	k	1e3
  prefix	h	1e2
  prefix	da	1e1
  prefix	d	1e-1
  prefix	c	1e-2
  prefix	m	1e-3
  prefix	u	1e-6
  prefix	n	1e-9
  prefix	p	1e-12
  prefix	f	1e-15
  prefix	a	1e-18
  prefix	z	1e-21
  prefix	y	1e-24
  base	m	metric
  base	s	metric
  base	g	metric
  base	rad	metric
  base	K	metric
  base	C	metric
  base	cd	metric
  unit	10*	-	10	1
  unit	10^	-	10	1
  unit	[pi]	-	3.1415926535897932384626433832795028841971693993751058209749445923	1
  unit	%	-	1	10*-2
  unit	[ppth]	-	1	10*-3
  unit	[ppm]	-	1	10*-6
  unit	[ppb]	-	1	10*-9
  unit	[pptr]	-	1	10*-12
  unit	mol	metric	6.0221367	10*23
  unit	sr	metric	1	rad2
  unit	Hz	metric	1	s-1
  unit	N	metric	1	kg.m/s2
  unit	Pa	metric	1	N/m2
  unit	J	metric	1	N.m
  unit	W	metric	1	J/s
  unit	A	metric	1	C/s
  unit	V	metric	1	J/C
  unit	F	metric	1	C/V
  unit	Ohm	metric	1	V/A
  unit	S	metric	1	Ohm-1
  unit	Wb	metric	1	V.s
  celsius	Cel	metric	1	K
  unit	T	metric	1	Wb/m2
  unit	H	metric	1	Wb/A
  unit	lm	metric	1	cd.sr
  unit	lx	metric	1	lm/m2
  unit	Bq	metric	1	s-1
  unit	Gy	metric	1	J/kg
  unit	Sv	metric	1	J/kg
  unit	gon	-	0.9	deg
  unit	deg	-	2	[pi].rad/360
  unit	'	-	1	deg/60
  unit	''	-	1	'/60
  unit	l	metric	1	dm3
  unit	L	metric	1	l
  unit	ar	metric	100	m2
  unit	min	-	60	s
  unit	h	-	60	min
  unit	d	-	24	h
  unit	a_t	-	365.24219	d
  unit	a_j	-	365.25	d
  unit	a_g	-	365.2425	d
  unit	a	-	1	a_j
  unit	wk	-	7	d
  unit	mo_s	-	29.53059	d
  unit	mo_j	-	1	a_j/12
  unit	mo_g	-	1	a_g/12
  unit	mo	-	1	mo_j
  unit	t	metric	1e3	kg
  unit	bar	metric	1e5	Pa
  unit	u	metric	1.6605402e-24	g
  unit	eV	metric	1	[e].V
  unit	AU	-	149597.870691	Mm
  unit	pc	metric	3.085678e16	m
  unit	[c]	metric	299792458	m/s
  unit	[h]	metric	6.6260755e-34	J.s
  unit	[k]	metric	1.380658e-23	J/K
  unit	[eps_0]	metric	8.854187817e-12	F/m
  unit	[mu_0]	metric	1	4.[pi].10*-7.N/A2
  unit	[e]	metric	1.60217733e-19	C
  unit	[m_e]	metric	9.1093897e-28	g
  unit	[m_p]	metric	1.6726231e-24	g
  unit	[G]	metric	6.67259e-11	m3.kg-1.s-2
  unit	[g]	metric	980665e-5	m/s2
  unit	atm	-	101325	Pa
  unit	[ly]	metric	1	[c].a_j
  unit	gf	metric	1	g.[g]
  unit	[lbf_av]	-	1	[lb_av].[g]
  unit	Ky	metric	1	cm-1
  unit	Gal	metric	1	cm/s2
  unit	dyn	metric	1	g.cm/s2
  unit	erg	metric	1	dyn.cm
  unit	P	metric	1	dyn.s/cm2
  unit	Bi	metric	10	A
  unit	St	metric	1	cm2/s
  unit	Mx	metric	1e-8	Wb
  unit	G	metric	1e-4	T
  unit	Oe	metric	250	/[pi].A/m
  unit	Gb	metric	1	Oe.cm
  unit	sb	metric	1	cd/cm2
  unit	Lmb	metric	1	cd/cm2/[pi]
  unit	ph	metric	1e-4	lx
  unit	Ci	metric	37e9	Bq
  unit	R	metric	2.58e-4	C/kg
  unit	RAD	metric	100	erg/g
  unit	REM	metric	1	RAD
  unit	[in_i]	-	254e-2	cm
  unit	[ft_i]	-	12	[in_i]
  unit	[yd_i]	-	3	[ft_i]
  unit	[mi_i]	-	5280	[ft_i]
  unit	[fth_i]	-	6	[ft_i]
  unit	[nmi_i]	-	1852	m
  unit	[kn_i]	-	1	[nmi_i]/h
  unit	[sin_i]	-	1	[in_i]2
  unit	[sft_i]	-	1	[ft_i]2
  unit	[syd_i]	-	1	[yd_i]2
  unit	[cin_i]	-	1	[in_i]3
  unit	[cft_i]	-	1	[ft_i]3
  unit	[cyd_i]	-	1	[yd_i]3
  unit	[bf_i]	-	144	[in_i]3
  unit	[cr_i]	-	128	[ft_i]3
  unit	[mil_i]	-	1e-3	[in_i]
  unit	[cml_i]	-	1	[pi]/4.[mil_i]2
  unit	[hd_i]	-	4	[in_i]
  unit	[ft_us]	-	1200	m/3937
  unit	[yd_us]	-	3	[ft_us]
  unit	[in_us]	-	1	[ft_us]/12
  unit	[rd_us]	-	16.5	[ft_us]
  unit	[ch_us]	-	4	[rd_us]
  unit	[lk_us]	-	1	[ch_us]/100
  unit	[rch_us]	-	100	[ft_us]
  unit	[rlk_us]	-	1	[rch_us]/100
  unit	[fth_us]	-	6	[ft_us]
  unit	[fur_us]	-	40	[rd_us]
  unit	[mi_us]	-	8	[fur_us]
  unit	[acr_us]	-	160	[rd_us]2
  unit	[srd_us]	-	1	[rd_us]2
  unit	[smi_us]	-	1	[mi_us]2
  unit	[sct]	-	1	[mi_us]2
  unit	[twp]	-	36	[sct]
  unit	[mil_us]	-	1e-3	[in_us]
  unit	[in_br]	-	2.539998	cm
  unit	[ft_br]	-	12	[in_br]
  unit	[rd_br]	-	16.5	[ft_br]
  unit	[ch_br]	-	4	[rd_br]
  unit	[lk_br]	-	1	[ch_br]/100
  unit	[fth_br]	-	6	[ft_br]
  unit	[pc_br]	-	2.5	[ft_br]
  unit	[yd_br]	-	3	[ft_br]
  unit	[mi_br]	-	5280	[ft_br]
  unit	[nmi_br]	-	6080	[ft_br]
  unit	[kn_br]	-	1	[nmi_br]/h
  unit	[acr_br]	-	4840	[yd_br]2
  unit	[gal_us]	-	231	[in_i]3
  unit	[bbl_us]	-	42	[gal_us]
  unit	[qt_us]	-	1	[gal_us]/4
  unit	[pt_us]	-	1	[qt_us]/2
  unit	[gil_us]	-	1	[pt_us]/4
  unit	[foz_us]	-	1	[gil_us]/4
  unit	[fdr_us]	-	1	[foz_us]/8
  unit	[min_us]	-	1	[fdr_us]/60
  unit	[crd_us]	-	128	[ft_i]3
  unit	[bu_us]	-	2150.42	[in_i]3
  unit	[gal_wi]	-	1	[bu_us]/8
  unit	[pk_us]	-	1	[bu_us]/4
  unit	[dqt_us]	-	1	[pk_us]/8
  unit	[dpt_us]	-	1	[dqt_us]/2
  unit	[tbs_us]	-	1	[foz_us]/2
  unit	[tsp_us]	-	1	[tbs_us]/3
  unit	[cup_us]	-	16	[tbs_us]
  unit	[foz_m]	-	30	mL
  unit	[cup_m]	-	240	mL
  unit	[tsp_m]	-	5	mL
  unit	[tbs_m]	-	15	mL
  unit	[gal_br]	-	4.54609	l
  unit	[pk_br]	-	2	[gal_br]
  unit	[bu_br]	-	4	[pk_br]
  unit	[qt_br]	-	1	[gal_br]/4
  unit	[pt_br]	-	1	[qt_br]/2
  unit	[gil_br]	-	1	[pt_br]/4
  unit	[foz_br]	-	1	[gil_br]/5
  unit	[fdr_br]	-	1	[foz_br]/8
  unit	[min_br]	-	1	[fdr_br]/60
  unit	[gr]	-	64.79891	mg
  unit	[lb_av]	-	7000	[gr]
  unit	[oz_av]	-	1	[lb_av]/16
  unit	[dr_av]	-	1	[oz_av]/16
  unit	[scwt_av]	-	100	[lb_av]
  unit	[lcwt_av]	-	112	[lb_av]
  unit	[ston_av]	-	20	[scwt_av]
  unit	[lton_av]	-	20	[lcwt_av]
  unit	[stone_av]	-	14	[lb_av]
  unit	[pwt_tr]	-	24	[gr]
  unit	[oz_tr]	-	20	[pwt_tr]
  unit	[lb_tr]	-	12	[oz_tr]
  unit	[sc_ap]	-	20	[gr]
  unit	[dr_ap]	-	3	[sc_ap]
  unit	[oz_ap]	-	8	[dr_ap]
  unit	[lb_ap]	-	12	[oz_ap]
  unit	[oz_m]	-	28	g
  unit	[lne]	-	1	[in_i]/12
  unit	[pnt]	-	1	[lne]/6
  unit	[pca]	-	12	[pnt]
  unit	[pnt_pr]	-	0.013837	[in_i]
  unit	[pca_pr]	-	12	[pnt_pr]
  unit	[pied]	-	32.48	cm
  unit	[pouce]	-	1	[pied]/12
  unit	[ligne]	-	1	[pouce]/12
  unit	[didot]	-	1	[ligne]/6
  unit	[cicero]	-	12	[didot]
  fahrenheit	[degF]	-	5	K/9
  unit	[degR]	-	5	K/9
  reaumur	[degRe]	-	5	K/4
  unit	cal_[15]	metric	4.18580	J
  unit	cal_[20]	metric	4.18190	J
  unit	cal_m	metric	4.19002	J
  unit	cal_IT	metric	4.1868	J
  unit	cal_th	metric	4.184	J
  unit	cal	metric	1	cal_th
  unit	[Cal]	-	1	kcal_th
  unit	[Btu_39]	-	1.05967	kJ
  unit	[Btu_59]	-	1.05480	kJ
  unit	[Btu_60]	-	1.05468	kJ
  unit	[Btu_m]	-	1.05587	kJ
  unit	[Btu_IT]	-	1.05505585262	kJ
  unit	[Btu_th]	-	1.054350	kJ
  unit	[Btu]	-	1	[Btu_th]
  unit	[HP]	-	550	[ft_i].[lbf_av]/s
  unit	tex	metric	1	g/km
  unit	[den]	-	1	g/9/km
  unit	m[H2O]	metric	980665e-5	kPa
  unit	m[Hg]	metric	133.3220	kPa
  unit	[in_i'H2O]	-	1	m[H2O].[in_i]/m
  unit	[in_i'Hg]	-	1	m[Hg].[in_i]/m
  unit	[PRU]	-	1	mm[Hg].s/ml
  unit	[wood'U]	-	1	mm[Hg].min/L
  unit	[diop]	-	1	/m
  tanTimes100	[p'diop]	-	1	rad
  tanTimes100	%[slope]	-	1	rad
  unit	[mesh_i]	-	1	/[in_i]
  unit	[Ch]	-	1	mm/3
  unit	[drp]	-	1	ml/20
  unit	[hnsf'U]	-	1	1
  unit	[MET]	-	3.5	mL/min/kg
  hpX	[hp'_X]	-	1	1
  hpC	[hp'_C]	-	1	1
  hpM	[hp'_M]	-	1	1
  hpQ	[hp'_Q]	-	1	1
  arbitrary	[hp_X]	-
  arbitrary	[hp_C]	-
  arbitrary	[hp_M]	-
  arbitrary	[hp_Q]	-
  arbitrary	[kp_X]	-
  arbitrary	[kp_C]	-
  arbitrary	[kp_M]	-
  arbitrary	[kp_Q]	-
  unit	eq	metric	1	mol
  unit	osm	metric	1	mol
  pH	[pH]	-	1	mol/l
  unit	g%	metric	1	g/dl
  unit	[S]	-	1	10*-13.s
  unit	[HPF]	-	1	1
  unit	[LPF]	-	100	1
  unit	kat	metric	1	mol/s
  unit	U	metric	1	umol/min
  arbitrary	[iU]	metric
  unit	[IU]	metric	1	[iU]
  arbitrary	[arb'U]	-
  arbitrary	[USP'U]	-
  arbitrary	[GPL'U]	-
  arbitrary	[MPL'U]	-
  arbitrary	[APL'U]	-
  arbitrary	[beth'U]	-
  arbitrary	[anti'Xa'U]	-
  arbitrary	[todd'U]	-
  arbitrary	[dye'U]	-
  arbitrary	[smgy'U]	-
  arbitrary	[bdsk'U]	-
  arbitrary	[ka'U]	-
  arbitrary	[knk'U]	-
  arbitrary	[mclg'U]	-
  arbitrary	[tb'U]	-
  arbitrary	[CCID_50]	-
  arbitrary	[TCID_50]	-
  arbitrary	[EID_50]	-
  arbitrary	[PFU]	-
  arbitrary	[FFU]	-
  arbitrary	[CFU]	-
  arbitrary	[IR]	-
  arbitrary	[BAU]	-
  arbitrary	[AU]	-
  arbitrary	[Amb'a'1'U]	-
  arbitrary	[PNU]	-
  arbitrary	[Lf]	-
  arbitrary	[D'ag'U]	-
  arbitrary	[FEU]	-
  arbitrary	[ELU]	-
  arbitrary	[EU]	-
  ln	Np	metric	1	1
  lg	B	metric	1	1
  lgTimes2	B[SPL]	metric	2	10*-5.Pa
  lgTimes2	B[V]	metric	1	V
  lgTimes2	B[mV]	metric	1	mV
  lgTimes2	B[uV]	metric	1	uV
  lgTimes2	B[10.nV]	metric	10	nV
  lg	B[W]	metric	1	W
  lg	B[kW]	metric	1	kW
  unit	st	metric	1	m3
  unit	Ao	-	0.1	nm
  unit	b	-	100	fm2
  unit	att	-	1	kgf/cm2
  unit	mho	metric	1	S
  unit	[psi]	-	1	[lbf_av]/[in_i]2
  unit	circ	-	2	[pi].rad
  unit	sph	-	4	[pi].sr
  unit	[car_m]	-	2e-1	g
  unit	[car_Au]	-	1	/24
  unit	[smoot]	-	67	[in_i]
  sqrt	[m/s2/Hz^(1/2)]	-	1	m2/s4/Hz
  ld	bit_s	-	1	1
  unit	bit	metric	1	1
  unit	By	metric	8	bit
  unit	Bd	metric	1	/s
  prefix	Ki	1024
  prefix	Mi	1048576
  prefix	Gi	1073741824
  prefix	Ti	1099511627776
  """#
